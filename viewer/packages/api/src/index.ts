export * from './types'
export * from './client'
export * from './path'
export * from './generated/layers'
