import { runCli } from './run-cli.ts'

// A reader that has seen enough, such as `head`, is no failure, nor is a terminal that was closed: SIGHUP tells of it.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    if (error.code !== 'EIO') throw error
  })
}

process.exitCode = await runCli(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  onEndRequest: callback => {
    let asked = false
    const ask = () => {
      asked = true
      callback()
    }
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, ask)
    // Whoever started this process takes it along when it ends, however it ends: its launcher by the IPC channel, npm by
    // bin/hypershard.mjs, which watches it. After a signal that is the same request, not a second one.
    process.on('disconnect', () => {
      if (!asked) ask()
    })
  },
})
// The channel to the launcher would keep this process alive.
if (process.connected) process.disconnect()
