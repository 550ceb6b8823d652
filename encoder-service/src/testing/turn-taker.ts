/** A thread of a lane that takes turns, and tells whether another had the device meanwhile. */
import { setTimeout as wait } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { DeviceTurns } from '../device/device-turns.ts'
import type { Lane } from '../encoding/lane.ts'

export interface TurnTaker {
  readonly turns: SharedArrayBuffer
  readonly lane: Lane
  /** One word: how many threads have the device. */
  readonly inside: SharedArrayBuffer
  readonly times: number
}

const { turns, lane, inside, times } = workerData as TurnTaker
const device = new DeviceTurns(turns, lane)
const here = new Int32Array(inside)
let shared = 0
for (let turn = 0; turn < times; turn++) {
  await device.run(async () => {
    if (Atomics.add(here, 0, 1) > 0) shared++
    await wait(turn % 3 === 0 ? 1 : 0)
    Atomics.sub(here, 0, 1)
  })
}
parentPort?.postMessage(shared)
