import { PlantScene, type CameraView, type FeatureRef, type PlantView, type SceneEvents } from '@twin/scene'
import { wallRem } from '@twin/ui'
import { watch } from 'vue'
import { i18n } from './i18n'
import { LAYERS, MOVING } from './layers'
import { conductModel, measureVolume } from './modelStage'
import { MODULES } from './modules'
import { frameDrawn, stage } from './stage'
import { usePlant } from './stores/plant'
import { useScreen } from './stores/screen'
import { useSession } from './stores/session'
import { useSurveys } from './stores/surveys'
import { rastersOf } from './rasters'
import { tilesetsOf } from './tilesets'
import { parseHash, toHash, type UrlState } from './url'
import { publish, recoloured } from './probe'

type Events = { on<N extends keyof SceneEvents>(name: N, listener: SceneEvents[N]): () => void }

/** Puts a view on the stage and keeps it, the stores and the address in step. Returns how to end it. */
export function conduct(element: HTMLElement): () => void {
  let ended = false
  const ends: (() => void)[] = []
  void raise(element).then((made) => {
    if (!made) return
    if (ended) made.view.destroy()
    else ends.push(connect(made.view, made.events))
  })
  return () => {
    ended = true
    for (const end of ends) end()
  }
}

export function homeView(): CameraView {
  const config = useSession().config
  const first = config?.views[0]
  if (first) return first
  const [lon, lat, height] = config?.site?.center ?? [0, 0, 0]
  return { lon, lat: lat - 0.004, height: height + 350, heading: 0, pitch: -38 }
}

async function raise(element: HTMLElement): Promise<{ view: PlantView; events: Events } | undefined> {
  const session = useSession()
  const screen = useScreen()
  const plant = usePlant()
  const config = session.config
  const site = config?.site
  if (!site) return undefined // nothing to show before a site is loaded
  const texts = { name: (f: { properties: object }) => plant.name(f as Parameters<typeof plant.name>[0]) }
  const home = parseHash(location.hash).camera ?? homeView()
  const webgl = hasWebGl2()
  if (screen.kind === '3d' && !webgl) fallBack()
  if (screen.kind === '2d' && !webgl) {
    const { PlantPlan } = await import('./map2d/plan')
    const view = new PlantPlan({ element, site, home, texts })
    return { view, events: view.events }
  }
  if (screen.kind === '2d') {
    const { PlantMap } = await import('./map2d/map')
    const view = new PlantMap({ element, site, home, texts })
    return { view, events: view.events }
  }
  const surveys = useSurveys()
  surveys.set(await tilesetsOf(session.api, config.tilesets, site.code).catch(() => []))
  screen.noTileset = surveys.all.length === 0
  try {
    const view = new PlantScene({
      element,
      center: site.center,
      tilesets: surveys.shown,
      rasters: rastersOf(session.api, site.code),
      assets: `${import.meta.env.BASE_URL}cesium/`,
      home,
      texts,
      uiScale: wallRem(innerWidth, innerHeight) / 24,
      fine: new URLSearchParams(location.search).get('quality') === 'high',
    })
    return { view, events: view.events }
  } catch (error) {
    console.error(error)
    fallBack()
    return undefined
  }
}

function hasWebGl2(): boolean {
  return document.createElement('canvas').getContext('webgl2') !== null
}

function fallBack(): void {
  const screen = useScreen()
  screen.kind = '2d'
  screen.fellBack = true
}

function connect(view: PlantView, events: Events): () => void {
  const [screen, plant] = [useScreen(), usePlant()]
  stage.value = view
  for (const { key } of LAYERS) if (plant.loaded.has(key)) view.setLayer(key, [...plant.layer(key).values()])
  const off = [
    plant.listen((change) => {
      if (change.reset && change.layer !== 'zone') view.setLayer(change.layer, [...change.set.values()])
      else view.changeLayer(change.layer, change.set, change.gone)
    }),
    ...listen(view, events),
    watch(
      () => screen.visible,
      (layers) => view.setVisible(layers),
      { immediate: true },
    ),
    watch(
      () => screen.selected,
      (ref) => view.select(ref),
      { immediate: true },
    ),
    watch(
      () => screen.floor,
      (id) => view.setFloor(id),
      { immediate: true },
    ),
    watch(
      () => screen.measureMode,
      (mode) => view.measure(mode),
    ),
    watch(i18n.global.locale, () => view.refreshTexts()),
    ...address(view),
    ...conductModel(view),
    ...MODULES.flatMap((m) => (m.stage ? [m.stage(view)] : [])),
  ]
  const fonts = (): void => view.refreshTexts() // labels are measured: again once their font is there
  document.fonts.addEventListener('loadingdone', fonts)
  publish(view)
  return () => {
    document.fonts.removeEventListener('loadingdone', fonts)
    for (const stop of off) stop()
    stage.value = undefined
    view.destroy()
  }
}

function listen(view: PlantView, events: Events): (() => void)[] {
  const screen = useScreen()
  return [
    events.on('pick', ({ ref }) => (screen.selected = ref)),
    events.on('hover', (ref) => (screen.hovered = ref)),
    events.on('follow', (ref) => (screen.followed = ref)),
    events.on('camera', (_view, { heading, pixelsPerMetre }) => {
      screen.heading = heading
      screen.pixelsPerMetre = pixelsPerMetre
    }),
    events.on('frame', () => frameDrawn()),
    events.on('ready', () => {
      screen.ready = true
      screen.recovering = false
    }),
    events.on('lost', () => {
      screen.recovering = true
      screen.ready = false
    }),
    events.on('tiles', (loaded, pending) => (screen.tiles = { loaded: loaded || view.stats().tilesLoaded, pending })),
    events.on('measure', (result) => {
      screen.measured = result
      if (result?.mode !== 'volume' || !result.done) return
      void measureVolume(result)
        .catch(() => undefined)
        .then((found) => {
          if (screen.measured === result) screen.measured = found ?? { ...result, value: NaN }
        })
    }),
    events.on('recolour', (ids) => recoloured(ids)),
    events.on('unavailable', () => fallBack()),
  ]
}

/** The address follows the screen; selections and floors make history, camera moves only replace. */
function address(view: PlantView): (() => void)[] {
  const [screen, plant] = [useScreen(), usePlant()]
  let applying = false
  const named = (ref: FeatureRef | undefined): UrlState['selected'] => {
    if (ref && MOVING.has(ref.layer)) return { layer: ref.layer, code: ref.id }
    const feature = plant.get(ref)
    return ref && feature ? { layer: ref.layer, code: feature.properties.code } : undefined
  }
  const find = ({ layer, code }: { layer: string; code: string }): FeatureRef | undefined =>
    MOVING.has(layer) ? { layer, id: code } : plant.find(layer, code)
  const write = (push: boolean): void => {
    if (applying) return
    const state: UrlState = { camera: view.camera(), layers: [...screen.visible] }
    const selected = named(screen.selected)
    if (selected) state.selected = selected
    if (screen.followed && screen.followed.id === screen.selected?.id) state.followed = true
    const floor = screen.floor && plant.layer('floor').get(screen.floor)?.properties.code
    if (floor) state.floor = floor
    const url = location.pathname + location.search + toHash(state)
    if (push) history.pushState(null, '', url)
    else history.replaceState(null, '', url)
  }
  const apply = (fly: boolean): void => {
    const state = parseHash(location.hash)
    applying = true
    if (state.layers) screen.visible = new Set(state.layers)
    screen.selected = state.selected && find(state.selected)
    screen.followed = state.followed && screen.selected
    screen.floor = state.floor && plant.find('floor', state.floor)?.id
    if (fly && state.camera) view.flyTo(state.camera)
    queueMicrotask(() => (applying = false))
  }
  // what the address names can only be found once its layer is there
  const start = parseHash(location.hash)
  if (start.layers) screen.visible = new Set(start.layers)
  const waits = [start.selected?.layer, start.floor && 'floor'].filter(
    (l): l is string => typeof l === 'string' && l !== '' && !MOVING.has(l),
  )
  const waiting = watch(
    () => waits.every((layer) => plant.loaded.has(layer)),
    (there) => there && (start.selected || start.floor) && apply(false),
    { immediate: true },
  )
  let timer: ReturnType<typeof setTimeout> | undefined
  const later = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => write(false), 400)
  }
  const back = (): void => apply(true)
  addEventListener('popstate', back)
  return [
    waiting,
    watch([() => screen.selected, () => screen.floor], () => write(true)),
    watch([() => screen.visible, () => screen.followed, () => screen.heading, () => screen.pixelsPerMetre], later),
    () => {
      removeEventListener('popstate', back)
      clearTimeout(timer)
    },
  ]
}
