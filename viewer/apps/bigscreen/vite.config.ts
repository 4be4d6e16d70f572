import { cpSync, mkdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

const outDir = resolve(import.meta.dirname, '../../dist/screen')

/** Cesium fetches its workers and tables at run time, from this server: a plant has no internet. */
function cesiumFiles(): Plugin {
  const engine = dirname(createRequire(import.meta.url).resolve('@cesium/engine/package.json'))
  const files = [
    ['Build/Workers', 'Workers'],
    ['Build/ThirdParty', 'ThirdParty'],
    ['Source/Assets', 'Assets'],
  ] as const
  return {
    name: 'cesium-files',
    apply: 'build',
    closeBundle() {
      for (const [from, to] of files) {
        const target = join(outDir, 'cesium', to)
        mkdirSync(dirname(target), { recursive: true })
        cpSync(join(engine, from), target, { recursive: true })
      }
    },
  }
}

export default defineConfig({
  base: '/screen/',
  plugins: [vue(), cesiumFiles()],
  worker: { format: 'es' },
  build: { outDir, emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 5000 },
  server: {
    proxy: { '/api': 'http://127.0.0.1:8080', '/ogc': 'http://127.0.0.1:8080', '/tiles3d': 'http://127.0.0.1:8080' },
  },
})
