export default {
  'zh-CN': {
    nav: { trends: '趋势分析' },
    add: '添加测点', search: '输入位号、编号或名称', remove: '移除 {tag}', most: '一张图最多 {n} 个测点', noneFound: '没有符合的测点',
    empty: '先添加要看的测点（最多 {n} 个），也可从监测点列表或报警进入。', period: '时段', periods: { '1h': '1 小时', '8h': '8 小时', '24h': '24 小时', '7d': '7 天', free: '自定' },
    from: '从', to: '到', plantTime: '工厂时间（{timezone}）', wrong: '请填写起止时间，结束须晚于开始。', zoomIn: '放大', zoomOut: '缩小', back: '往前', on: '往后', now: '到现在',
    hint: '在图上滚轮缩放、拖动平移；放到 30 分钟以内按秒显示。', step: { second: '按秒', minute: '按分钟', hour: '按小时', day: '按日', month: '按月' },
    loading: '正在读取趋势…', none: '此时段没有可用数据。请换一个时段，或检查数据源。', fault: '趋势没有读到：{reason}。现场是否安全请以现场仪表为准。', retry: '重试',
    csv: '导出 CSV', parquet: '导出 Parquet', exportHint: '导出此时段这些测点的全部原始样本', events: '此时段的报警（{n}）', noEvents: '此时段这些测点没有报警。', more: '只列出最近 {n} 条，其余见报警台。',
    tag: '位号', name: '名称', low: '最小', high: '最大', mean: '平均', last: '末值', unit: '单位', gaps: '空缺', at: '报警时间', until: '恢复时间', type: '类型', value: '数值', state: '状态', stands: '仍在',
    label: '{tags} 的趋势：{n} 步有数据', workspace: '在趋势分析中对比',
  },
  en: {
    nav: { trends: 'Trend analysis' },
    add: 'Add a point', search: 'Tag, code or name', remove: 'Remove {tag}', most: 'One chart holds at most {n} points', noneFound: 'No such point',
    empty: 'First add the points to look at (at most {n}); the list of points and the alarms lead here, too.', period: 'Period', periods: { '1h': '1 hour', '8h': '8 hours', '24h': '24 hours', '7d': '7 days', free: 'Custom' },
    from: 'From', to: 'To', plantTime: 'Plant time ({timezone})', wrong: 'Give start and end; the end must come after the start.', zoomIn: 'Zoom in', zoomOut: 'Zoom out', back: 'Earlier', on: 'Later', now: 'Up to now',
    hint: 'Turn the wheel over the chart to zoom, drag to move; 30 minutes and less are shown by the second.', step: { second: 'by second', minute: 'by minute', hour: 'by hour', day: 'by day', month: 'by month' },
    loading: 'Reading the trends…', none: 'No usable data in this period. Choose another, or check the data source.', fault: 'The trends could not be read: {reason}. Trust the instruments in the field.', retry: 'Try again',
    csv: 'Export CSV', parquet: 'Export Parquet', exportHint: 'All raw samples of these points in this period', events: 'Alarms in this period ({n})', noEvents: 'These points had no alarm in this period.', more: 'Only the latest {n} are listed; the alarm desk has the others.',
    tag: 'Tag', name: 'Name', low: 'Min', high: 'Max', mean: 'Mean', last: 'Last', unit: 'Unit', gaps: 'Gaps', at: 'Raised', until: 'Returned', type: 'Type', value: 'Value', state: 'State', stands: 'still there',
    label: 'Trends of {tags}: {n} steps with data', workspace: 'Compare in trend analysis',
  },
} // prettier-ignore
