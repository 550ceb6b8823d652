import { runCli } from './run-cli.ts'

// A reader that has seen enough, such as `head`, is no failure.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
}

process.exitCode = await runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  onEndRequest: callback => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, callback)
    // A launcher that started this process with an IPC channel takes it along when it ends, however it ends.
    if (process.connected) process.on('disconnect', callback)
  },
})
// The channel to the launcher would keep this process alive.
if (process.connected) process.disconnect()
