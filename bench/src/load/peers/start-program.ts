import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** A process of the bench's own that has told its address; it ends when the channel to it closes. */
export interface StartedProgram {
  readonly address: string
  readonly pid: number | undefined
  stop(): Promise<void>
}

/** @throws Error when it ends before it has told its address */
export async function startProgram(program: string, args: readonly string[]): Promise<StartedProgram> {
  const child = fork(program, [...args], { execArgv: [] })
  const ended = once(child, 'exit')
  const [message] = await Promise.race([
    once(child, 'message'),
    ended.then(() => {
      throw new Error(`${program} could not start`)
    }),
  ])
  return { address: (message as { address: string }).address, pid: child.pid, stop: () => stop(child, ended) }
}

async function stop(child: ChildProcess, ended: Promise<unknown>): Promise<void> {
  if (child.connected) child.disconnect()
  await ended
}
