export * from './protocol'
export * from './client'
export * from './store'
export * from './host'
