import { ApiError, type Feature, type Geometry } from '@twin/api'
import { nameIn } from '@twin/ui'
import { ElMessage, ElMessageBox } from 'element-plus'
import { computed, ref, shallowRef } from 'vue'
import { useI18n } from 'vue-i18n'
import { useSession } from '../session'
import type { Kind } from './drawing'
import { withHeights } from './measure'
import { changes, faultOf, type LayerInfo } from './schema'
import { useHistory } from './undo'

/** What can be undone: the shape (flat; null before the first one is drawn) and the form together. */
interface Draft {
  shape: Geometry | null
  values: Record<string, unknown>
}

export interface EditingHooks {
  layer: () => LayerInfo
  saved: (feature: Feature) => void
  removed: (id: string) => void
}

/** One feature on the bench: drawing a new one or changing an old one, with undo, until it is saved or given up. */
export function useEditing(hooks: EditingHooks) {
  const { t, locale } = useI18n()
  const session = useSession()
  const base = shallowRef<Feature | null>(null)
  const creating = ref<Kind | null>(null)
  const reshaping = ref(false)
  const busy = ref(false)
  const fault = ref('')
  const rows = ref<{ where: string; message: string }[]>([])
  const conflict = shallowRef<Feature | null>(null)
  const draft = useHistory<Draft>({ shape: null, values: {} })

  function open(feature: Feature | null): void {
    base.value = feature
    creating.value = null
    reshaping.value = false
    forget()
    draft.reset({ shape: feature?.geometry ?? null, values: { ...feature?.properties } })
  }

  function forget(): void {
    fault.value = ''
    rows.value = []
    conflict.value = null
  }

  function create(): void {
    const layer = hooks.layer()
    open(null)
    creating.value = layer.geometry as Kind
    const values = Object.fromEntries(layer.fields.filter((f) => f.required && f.codes[0]).map((f) => [f.name, f.codes[0]?.value]))
    draft.reset({ shape: null, values })
  }

  const setShape = (shape: Geometry): void => draft.push({ ...draft.present.value, shape })
  const setValues = (values: Record<string, unknown>): void => draft.push({ ...draft.present.value, values })

  const changed = computed(() => {
    if (!base.value) return creating.value !== null
    const { shape, values } = draft.present.value
    return shape !== base.value.geometry || Object.keys(changes(base.value.properties, values, hooks.layer().fields)).length > 0
  })

  const ready = computed(() => {
    const { shape, values } = draft.present.value
    return shape !== null && hooks.layer().fields.every((f) => !f.writable || faultOf(f, values[f.name]) === null)
  })

  async function save(): Promise<void> {
    const layer = hooks.layer()
    const { shape, values } = draft.present.value
    if (!shape) return
    busy.value = true
    forget()
    try {
      const geometry = shape === base.value?.geometry ? shape : withHeights(shape, base.value?.geometry ?? null)
      const properties = changes(base.value?.properties ?? {}, values, layer.fields)
      const feature = base.value
        ? await session.api.patchFeature(layer.key, base.value.id, base.value.properties.version ?? 0, {
            ...(geometry !== base.value.geometry && { geometry }),
            properties,
          })
        : await session.api.createFeature(layer.key, { geometry, properties })
      ElMessage.success(t('editor.saved', { version: feature.properties.version ?? 1 }))
      open(feature)
      hooks.saved(feature)
    } catch (error) {
      await explain(error, layer)
    } finally {
      busy.value = false
    }
  }

  async function explain(error: unknown, layer: LayerInfo): Promise<void> {
    if (error instanceof ApiError && error.code === 'conflict' && base.value) {
      // Nothing of the user's work is lost: the newest version becomes the base, the draft stays.
      const newest = await session.api.item(layer.key, base.value.id).catch(() => null)
      if (newest) {
        rebase(base.value, newest)
        return
      }
    }
    fault.value = error instanceof Error ? error.message : String(error)
    rows.value = error instanceof ApiError ? error.errors : []
  }

  /** Put the user's own changes on top of somebody else's: only what the user touched differs from the newest version. */
  function rebase(old: Feature, newest: Feature): void {
    const { shape, values } = draft.present.value
    const own = changes(old.properties, values, hooks.layer().fields)
    conflict.value = newest
    base.value = newest
    draft.push({ shape: shape === old.geometry ? newest.geometry : shape, values: { ...newest.properties, ...own } })
  }

  async function remove(): Promise<void> {
    const feature = base.value
    if (!feature) return
    const name = nameIn(locale.value, feature.properties)
    try {
      await ElMessageBox.confirm(t('editor.removeAsk', { name }))
    } catch {
      return
    }
    busy.value = true
    forget()
    try {
      await session.api.deleteFeature(hooks.layer().key, feature.id, feature.properties.version ?? 0)
      ElMessage.success(t('editor.removed', { name }))
      open(null)
      hooks.removed(feature.id)
    } catch (error) {
      await explain(error, hooks.layer())
    } finally {
      busy.value = false
    }
  }

  /** Whether the bench may be cleared: true when nothing is unsaved or the user gives it up. */
  async function mayLeave(): Promise<boolean> {
    if (!changed.value) return true
    try {
      await ElMessageBox.confirm(t('editor.leaveAsk'))
      return true
    } catch {
      return false
    }
  }

  return { base, creating, reshaping, busy, fault, rows, conflict, draft, changed, ready, open, create, setShape, setValues, save, remove, mayLeave }
}
