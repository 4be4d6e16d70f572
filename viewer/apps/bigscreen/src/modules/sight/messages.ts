export default {
  'zh-CN': {
    sees: '可见地面',
    upTo: '最远 {m} m',
    nothing: '被遮挡，看不到地面',
    cone: '无三维模型，仅按参数示意',
    seenBy: '可见摄像机',
    none: '没有摄像机能看到这里',
    steered: '需转向',
    more: '另有 {n} 台',
  },
  en: {
    sees: 'Ground in view',
    upTo: 'up to {m} m',
    nothing: 'Hidden: no ground in view',
    cone: 'No 3D model: drawn from its settings only',
    seenBy: 'Seen by cameras',
    none: 'No camera sees this place',
    steered: 'to be turned',
    more: '{n} more',
  },
}
