/**
 * `npm run setup:cuda [-- --remove | --wheel <file>]`: puts onnxruntime's CUDA provider beside the onnxruntime that is
 * installed, from the wheel `onnxruntime-gpu` of exactly its version on PyPI, or takes it away. The package's own installer
 * takes another build, of CUDA 12.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, createReadStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { cudaProviderNames, onnxruntimeFolder } from '@hypershard/qnet'

/** SHA-256 of the wheels that were tried, by version: what a mirror gives must be one of them. */
const wheelDigests: Readonly<Record<string, string>> = {
  '1.30.0': '6acc0f4b3d5ac5f2984432faa59dd8fcce6775f8b43a7140afa0f322c7a703b1',
}
/** Which of a version's wheels: the provider in all of them is the same for every Python. */
const wheelOf = ['--python-version', '3.12', '--platform', 'manylinux_2_28_x86_64']
const providerInWheel = 'onnxruntime/capi'

const { values } = parseArgs({ options: { remove: { type: 'boolean' }, wheel: { type: 'string' } } })
const folder = onnxruntimeFolder()
const files = cudaProviderNames.map(name => join(folder, name))

if (values.remove) {
  for (const file of files) rmSync(file, { force: true })
  say(`removed the CUDA provider from ${folder}`)
} else {
  if (process.platform !== 'linux' || process.arch !== 'x64') fail('the CUDA provider is there for Linux on x64 alone')
  if (files.every(file => existsSync(file))) say(`the CUDA provider is in ${folder} already; --remove takes it away`)
  else await install(values.wheel)
  sayWhatIsMissing()
}

async function install(given: string | undefined): Promise<void> {
  const version = installedVersion()
  const expected = wheelDigests[version]
  if (expected === undefined) {
    fail(`no wheel was tried with onnxruntime ${version}; add its SHA-256 to wheelDigests in scripts/setup-cuda.ts`)
  }
  const temporary = mkdtempSync(join(tmpdir(), 'hypershard-cuda-'))
  try {
    const wheel = given ?? download(version, temporary)
    const digest = await sha256Of(wheel)
    if (digest !== expected) fail(`${wheel} has the SHA-256 ${digest}, not ${expected}; download it again`)
    const members = cudaProviderNames.map(name => `${providerInWheel}/${name}`)
    run('unzip', ['-q', '-j', '-o', wheel, ...members, '-d', temporary], 'install unzip')
    // Copied under another name first: a start in between must not find half a file.
    for (const [at, name] of cudaProviderNames.entries()) {
      copyFileSync(join(temporary, name), `${files[at]}.part`)
      run('mv', [`${files[at]}.part`, files[at]!], 'see whether the disk is full')
    }
    say(`installed the CUDA provider of onnxruntime ${version} in ${folder}`)
  } finally {
    rmSync(temporary, { recursive: true })
  }
}

/** Through pip, which knows of the mirror that this machine may have to use. */
function download(version: string, folder: string): string {
  say(`downloading onnxruntime-gpu ${version}, 237 MB`)
  const words = ['-m', 'pip', 'download', '--no-deps', '--only-binary', ':all:', ...wheelOf, '-q', '-d', folder]
  run('python3', [...words, `onnxruntime-gpu==${version}`], 'install python3 with pip, or give a file with --wheel')
  return join(folder, readdirSync(folder).find(name => name.endsWith('.whl'))!)
}

function installedVersion(): string {
  const main = createRequire(import.meta.resolve('@hypershard/qnet')).resolve('onnxruntime-node')
  return JSON.parse(readFileSync(join(dirname(main), '..', 'package.json'), 'utf8')).version
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** All libraries that the system's loader does not find. */
function sayWhatIsMissing(): void {
  const { stdout } = spawnSync('ldd', [files.at(-1)!], { encoding: 'utf8' })
  const missing = [...(stdout ?? '').matchAll(/^\s*(\S+) => not found$/gm)].map(([, library]) => library!)
  if (missing.length === 0) say('all libraries that it needs are there')
  const driver = missing.filter(library => library.startsWith('libcuda.so'))
  const cuda = missing.filter(library => !driver.includes(library))
  if (driver.length > 0) say(`missing: ${driver.join(', ')}, of NVIDIA's driver`)
  if (cuda.length > 0) {
    say(`missing: ${cuda.join(', ')}, of CUDA 13; install them and put their folder on LD_LIBRARY_PATH`)
  }
}

function run(command: string, words: readonly string[], mend: string): void {
  const { status, error } = spawnSync(command, words, { stdio: ['ignore', 2, 2] })
  if (status !== 0) fail(`${command} failed${error === undefined ? '' : `: ${error.message}`}; ${mend}`)
}

function say(line: string): void {
  process.stdout.write(`setup:cuda: ${line}\n`)
}

function fail(line: string): never {
  process.stderr.write(`setup:cuda: ${line}\n`)
  process.exit(1)
}
