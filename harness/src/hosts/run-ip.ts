import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** Runs iproute2's `ip`. @throws Error with what it said */
export async function ip(...words: readonly string[]): Promise<string> {
  const { stdout } = await run('ip', words)
  return stdout
}

/** Several commands in one go, in a network namespace, or where this process is. @throws Error with what it said */
export async function ipBatch(namespace: string | undefined, commands: readonly string[]): Promise<void> {
  const words = [...(namespace === undefined ? [] : ['-n', namespace]), '-batch', '-']
  const running = run('ip', words)
  running.child.stdin?.end(`${commands.join('\n')}\n`)
  await running
}

/**
 * Why no network of hosts can be made here, in a sentence; undefined where one can. It takes Linux, root (or the right
 * to make network namespaces), iproute2 and Python.
 */
export function whyNoHosts(): string | undefined {
  if (process.platform !== 'linux') return 'network namespaces are of Linux'
  if (process.getuid?.() !== 0) return 'making network namespaces takes root: run it with sudo'
  for (const [program, option, bundle] of [
    ['ip', '-V', 'iproute2'],
    ['python3', '-V', 'python3'],
  ] as const) {
    if (!canRun(program, option)) return `there is no \`${program}\`: install ${bundle}`
  }
  const probe = `hs${process.pid}-probe`
  try {
    execFileSync('ip', ['netns', 'add', probe], { stdio: 'pipe' })
    execFileSync('ip', ['-n', probe, 'link', 'add', 'probe', 'type', 'bridge'], { stdio: 'pipe' })
    execFileSync('ip', ['-n', probe, 'link', 'add', 'one', 'type', 'veth', 'peer', 'name', 'two'], { stdio: 'pipe' })
    return undefined
  } catch (error) {
    return `this machine lets nobody make hosts of namespaces: ${String((error as { stderr?: unknown }).stderr).trim()}`
  } finally {
    canRun('ip', 'netns', 'del', probe)
  }
}

function canRun(program: string, ...words: readonly string[]): boolean {
  try {
    execFileSync(program, words, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
