// Plain JavaScript for Node 20: the set-up runs it before anything else of hypershard runs.
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const repository = fileURLToPath(new URL('..', import.meta.url))

/** What the files that are served are made of, beside the libraries, which package-lock.json names. */
const sources = [
  'console/src',
  'console/build.mjs',
  'console/package.json',
  'client/src',
  'common/src',
  'contract/src',
  'evaluation/src',
  'proto/limits.ts',
  'package-lock.json',
]

/** Holds the digest of the sources that a directory was built from; no file of this kind is served. */
const markerName = '.built-from'

/** The oldest browsers that know `light-dark()`, which the colours are written with. */
const target = ['chrome123', 'firefox120', 'safari17.5']

/**
 * Builds the console into `console/dist`, unless it is there already, of the same sources. Files are named for their
 * content and put in their place whole, so that several may build at a time.
 * @returns {Promise<boolean>} whether anything was built
 */
export async function buildConsole({ directory = join(repository, 'console', 'dist') } = {}) {
  const digest = digestOf(sources.flatMap(filesBelow))
  const marker = join(directory, markerName)
  if (existsSync(marker) && readFileSync(marker, 'utf8') === digest) return false
  const files = await bundle()
  for (const [name, bytes] of files) {
    place(join(directory, name), bytes)
    place(join(directory, `${name}.gz`), gzipSync(bytes, { level: 9 }))
    const quality = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY }
    place(join(directory, `${name}.br`), brotliCompressSync(bytes, { params: quality }))
  }
  place(marker, Buffer.from(digest))
  for (const name of listed(directory)) {
    const plain = name.replace(/\.(gz|br)$/, '')
    if (name !== markerName && !files.has(plain) && !name.endsWith('.part'))
      rmSync(join(directory, name), { force: true })
  }
  return true
}

/**
 * @param {Partial<import('esbuild').BuildOptions>} more
 * @returns {Promise<Map<string, Buffer>>} by name, relative to where they are served
 */
async function bundle() {
  // Not there before the dependencies are installed.
  const { build } = await import('esbuild')
  const { outputFiles } = await build({ ...bundleOptions, write: false })
  const files = new Map()
  for (const { path, contents } of outputFiles) {
    files.set(relative(bundleOptions.outdir, path), Buffer.from(contents))
  }
  const named = extension => [...files.keys()].find(name => name.endsWith(extension))
  const page = readFileSync(join(repository, 'console/src/index.html'), 'utf8')
    .replace('main.js', named('.js'))
    .replace('console.css', named('.css'))
  files.set('index.html', Buffer.from(page))
  files.set('favicon.svg', readFileSync(join(repository, 'console/src/favicon.svg')))
  const preact = readFileSync(
    fileURLToPath(import.meta.resolve('preact/package.json')).replace('package.json', 'LICENSE'),
  )
  files.set('licenses.txt', Buffer.concat([Buffer.from('preact, https://preactjs.com\n\n'), preact]))
  return files
}

/** How the scripts and styles are made; a test asks esbuild what went into them. */
export const bundleOptions = {
  entryPoints: [join(repository, 'console/src/main.tsx'), join(repository, 'console/src/styles/console.css')],
  bundle: true,
  minify: true,
  format: /** @type {const} */ ('esm'),
  platform: /** @type {const} */ ('browser'),
  target,
  jsx: /** @type {const} */ ('automatic'),
  jsxImportSource: 'preact',
  outdir: join(repository, 'console', 'dist'),
  entryNames: 'assets/[name]-[hash]',
  charset: /** @type {const} */ ('utf8'),
  logLevel: /** @type {const} */ ('warning'),
}

/** @param {string} path of a file or a folder, from the repository's root */
function filesBelow(path) {
  if (/\.\w+$/.test(path)) return [path]
  return listed(join(repository, path))
    .filter(name => !name.endsWith('.test.ts'))
    .map(name => join(path, name))
}

/** @returns {string[]} the files below a folder, relative to it */
function listed(folder) {
  return (
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile())
      // Node 20 had it as `path` first.
      .map(entry => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
      .sort()
  )
}

function digestOf(paths) {
  const hash = createHash('sha256')
  for (const path of paths) {
    const bytes = readFileSync(join(repository, path))
    hash.update(`${path} ${bytes.length}\n`).update(bytes)
  }
  return hash.digest('hex')
}

/** Nobody sees a part of a file. */
function place(path, bytes) {
  mkdirSync(dirname(path), { recursive: true })
  const part = `${path}.${process.pid}.part`
  writeFileSync(part, bytes)
  renameSync(part, path)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildConsole()
