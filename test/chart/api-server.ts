import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { eventually, freePort } from '@hypershard/harness'
import { hasTool, type Outcome, runTool, toolsFolder } from './chart.ts'

/** Kubernetes' own API server over an etcd, without nodes and controllers: it takes objects, or refuses them. */
export interface ApiServer {
  kubectl(...words: string[]): Promise<Outcome>
  helm(...words: string[]): Promise<Outcome>
  stop(): Promise<void>
}

/** @returns undefined where a tool is missing */
export async function startApiServer(): Promise<ApiServer | undefined> {
  if (!['etcd', 'kube-apiserver', 'kubectl'].every(hasTool)) return undefined
  const folder = mkdtempSync(join(tmpdir(), 'hypershard-kube-'))
  const token = randomUUID()
  const at = (name: string) => join(folder, name)
  writeFileSync(at('tokens.csv'), `${token},admin,admin,system:masters\n`)
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()]
  const url = `https://127.0.0.1:${port}`
  const etcdUrl = `http://127.0.0.1:${client}`
  await runTool('openssl', 'genrsa', '-out', at('accounts.key'), '2048')
  const processes = [
    start('etcd', {
      'data-dir': at('etcd'),
      'listen-client-urls': etcdUrl,
      'advertise-client-urls': etcdUrl,
      'listen-peer-urls': `http://127.0.0.1:${peer}`,
      'unsafe-no-fsync': 'true',
    }),
    start('kube-apiserver', {
      'etcd-servers': etcdUrl,
      'bind-address': '127.0.0.1',
      'secure-port': `${port}`,
      'cert-dir': at('certificates'),
      'token-auth-file': at('tokens.csv'),
      'authorization-mode': 'RBAC',
      'service-account-issuer': 'https://kubernetes.default.svc',
      'service-account-key-file': at('accounts.key'),
      'service-account-signing-key-file': at('accounts.key'),
      'service-cluster-ip-range': '10.96.0.0/16',
    }),
  ]
  const login = ['--server', url, '--token', token, '--insecure-skip-tls-verify', '--cache-dir', folder]
  const kubectl = (...words: string[]) => runTool('kubectl', ...login, ...words)
  const helmLogin = ['--kube-apiserver', url, '--kube-token', token, '--kube-insecure-skip-tls-verify']
  const helm = (...words: string[]) => runTool('helm', ...words, ...helmLogin)
  const stop = async () => {
    for (const process of processes.toReversed()) await end(process)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await eventually(async () => {
      if (processes.some(({ exitCode }) => exitCode !== null)) throw new Error('etcd or kube-apiserver has ended')
      return (await kubectl('get', '--raw', '/readyz')).code === 0
    })
    return { kubectl, helm, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function start(name: string, options: Readonly<Record<string, string>>): ChildProcess {
  const words = Object.entries(options).map(([option, value]) => `--${option}=${value}`)
  const path = `${join(toolsFolder, 'bin')}${delimiter}${process.env.PATH ?? ''}`
  return spawn(name, words, { stdio: 'ignore', env: { ...process.env, PATH: path } })
}

async function end(process: ChildProcess): Promise<void> {
  if (process.exitCode !== null) return
  process.kill('SIGKILL')
  await once(process, 'exit')
}
