import type { LayerInfo } from '../../layers'

export default [{ key: 'hazard', icon: 'hazard', group: 'groupRisk', start: true, virtual: true, text: 'hazards.layer' }] satisfies LayerInfo[]
