import { PassThrough, Readable } from 'node:stream'
import type { Surroundings } from '../commands/context.ts'
import { runCli } from '../run-cli.ts'

export interface CommandRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the command in this process, away from any terminal, and keeps what it writes. */
export async function runCommand(
  words: readonly string[],
  options: { stdin?: string; surroundings?: Partial<Surroundings> } = {},
): Promise<CommandRun> {
  const stdout = new PassThrough()
  const stderr = new PassThrough()
  const exitCode = await runCli(words, {
    stdin: Readable.from([Buffer.from(options.stdin ?? '')]),
    stdout,
    stderr,
    environment: {},
    onEndRequest: () => {},
    ...options.surroundings,
  })
  return { exitCode, stdout: written(stdout), stderr: written(stderr) }
}

/** What has been written to a stream so far. */
function written(stream: PassThrough): string {
  return (stream.read() as Buffer | null)?.toString('utf8') ?? ''
}
