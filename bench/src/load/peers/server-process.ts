/**
 * Runs another program, its arguments, and ends it when the bench has ended in whatever way: a server that is not ours knows
 * nothing of the channel that our own processes end by.
 */
import { spawn } from 'node:child_process'

const [command, ...args] = process.argv.slice(2) as [string, ...string[]]
const server = spawn(command, args, { stdio: 'ignore' })
process.on('disconnect', () => server.kill())
server.on('exit', () => process.exit())
server.on('error', () => process.exit(1))
process.send!({ address: `${server.pid}` })
