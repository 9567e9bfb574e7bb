/** The sandbox's bundle for tests that run without a build before them. */
import { existsSync, readdirSync, renameSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = new URL('../../', import.meta.url)
const bundle = new URL('dist/sandbox.js', root)

function newestSource (): number {
  const folder = new URL('src/executor/', root)
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts')).map((name) => new URL(name, folder))
  return Math.max(...[...files, ...['cbor', 'errors', 'limits'].map((name) => new URL(`src/${name}.ts`, root))].map((file) => statSync(file).mtimeMs))
}

/** Builds dist/sandbox.js, as `npm run build` does, unless it is newer than its sources. */
export async function ensureSandboxBundle (): Promise<void> {
  if (existsSync(bundle) && statSync(bundle).mtimeMs > newestSource()) return
  const fresh = fileURLToPath(new URL(`dist/sandbox-${process.pid}.js`, root))
  await build({
    entryPoints: [fileURLToPath(new URL('src/executor/sandbox-process.ts', root))],
    outfile: fresh,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    logLevel: 'warning',
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  })
  // Other test runs may be reading the old one.
  renameSync(fresh, fileURLToPath(bundle))
}
