import { ZONE_TEXTS } from '@twin/ui'

export default {
  'zh-CN': {
    ...ZONE_TEXTS['zh-CN'],
    loading: '正在读取该区域的详情…',
    fault: '读不到该区域的详情：{why}。颜色和等级以地图为准。',
    kept: '没有连接：以下是 {time} 保存的内容（{age}前），可能已变化',
    noneKept: '没有连接，本机也没有保存过该区域的详情。在有网络时打开一次即可离线查看。',
    minutes: '{n} 分钟',
    hours: '{n} 小时',
    days: '{n} 天',
    people: '负责人（由下到上）',
    noPhone: '未登记电话',
    counts: '按等级列出区域',
    listOf: '{level}：{n} 个区域',
    nothing: '没有处于此等级的区域',
  },
  en: {
    ...ZONE_TEXTS.en,
    loading: 'Reading the details of this zone…',
    fault: 'The details of this zone cannot be read: {why}. The colour on the map still holds.',
    kept: 'No connection: kept at {time} ({age} ago), may have changed',
    noneKept: 'No connection, and the details of this zone were never kept on this device. Open it once while connected.',
    minutes: '{n} min',
    hours: '{n} h',
    days: '{n} d',
    people: 'Responsible (from the zone up)',
    noPhone: 'no phone on record',
    counts: 'Zones by level',
    listOf: '{level}: {n} zones',
    nothing: 'No zone has this level',
  },
}
