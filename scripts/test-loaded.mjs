// `npm run test:loaded`: runs the tests while every core is kept busy by another process, LOADED_ROUNDS times in a row
// (3), and says of each round whether it passed. What fails here and not in `npm test` asks the clock for the truth.
import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { runNode } from '../cli/bin/run-node.mjs'

const rounds = Number(process.env.LOADED_ROUNDS ?? 3)
const tests = fileURLToPath(new URL('./test.mjs', import.meta.url))

/** Computes without a pause, but for hearing that nobody is connected to it any more. */
const busy = `
  process.on('disconnect', () => process.exit())
  const burn = () => { for (const end = Date.now() + 100; Date.now() < end;); setImmediate(burn) }
  burn()`

const others = Array.from({ length: availableParallelism() }, () =>
  spawn(process.execPath, ['--eval', busy], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }),
)
// The tests are told to end as well, by `runNode`.
let told = false
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => (told = true))
const verdicts = []
for (let round = 1; round <= rounds && !told; round++) {
  const startMs = performance.now()
  const passed = (await runNode(process.execPath, [tests, ...process.argv.slice(2)])) === 0
  const seconds = Math.round((performance.now() - startMs) / 1_000)
  const alive = others.filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null).length
  verdicts.push(`round ${round}: ${passed ? 'passed' : 'failed'} in ${seconds} s beside ${alive} busy processes`)
  if (!passed || alive < others.length) process.exitCode = 1
}
for (const other of others) other.disconnect()
process.stdout.write(`\n${verdicts.join('\n')}\n`)
