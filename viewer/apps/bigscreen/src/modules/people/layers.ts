import type { LayerInfo } from '../../layers'

export default [
  { key: 'people', icon: 'user', group: 'groupPeople', start: true, virtual: true, text: 'people.layer.people' },
  { key: 'vehicles', icon: 'vehicle', group: 'groupPeople', start: true, virtual: true, text: 'people.layer.vehicles' },
  { key: 'heat', icon: 'heat', group: 'groupPeople', start: false, virtual: true, text: 'people.layer.heat' },
] satisfies LayerInfo[]
