import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

const outDir = resolve(import.meta.dirname, '../../dist/m')

/** Writes the service worker: the list of files to keep for work without a network, and a version that changes with them. */
function offline(): Plugin {
  let files: string[] = []
  return {
    name: 'offline',
    apply: 'build',
    writeBundle(_options, bundle) {
      // fonts are large and only kept once a page has asked for them
      files = Object.keys(bundle).filter((f) => !/\.(map|woff2?|ttf)$/.test(f))
    },
    closeBundle() {
      const list = ['', 'manifest.webmanifest', 'icon.svg', ...files.filter((f) => f !== 'index.html')]
      const version = createHash('sha256')
        .update(list.join('\n') + readFileSync(join(outDir, 'index.html'), 'utf8'))
        .digest('hex')
      const source = readFileSync(resolve(import.meta.dirname, 'src/sw.js'), 'utf8')
      writeFileSync(
        join(outDir, 'sw.js'),
        source.replace('__FILES__', JSON.stringify(list)).replace('__VERSION__', version.slice(0, 12)),
      )
    },
  }
}

export default defineConfig({
  base: '/m/',
  plugins: [vue(), offline()],
  worker: { format: 'es' },
  build: { outDir, emptyOutDir: true, target: 'es2022', chunkSizeWarningLimit: 1500 },
  server: { proxy: { '/api': 'http://127.0.0.1:8080', '/ogc': 'http://127.0.0.1:8080' } },
})
