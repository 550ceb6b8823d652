/** A backend with a device beside the CPU alone, over the same segments. */
import assert from 'node:assert/strict'
import { Deadline, silentLogger } from '@hypershard/common'
import { RecordingMeter } from '@hypershard/harness'
import type { DeviceProvider } from '@hypershard/qnet'
import { ScoringPool } from '../cpu/scoring-pool.ts'
import { DeviceBackend, type DeviceBackendOptions } from '../device/device-backend.ts'
import type { DeviceThread } from '../device/device-calls.ts'
import type { DeviceThreadData } from '../device/messages.ts'
import { deviceMetrics } from '../device/metrics.ts'
import { startDeviceThread } from '../device/open-device.ts'
import { readDevice } from '../device/read-device.ts'
import type { ScanRequest, SegmentToHold } from '../ports.ts'
import { foundIn } from './device-rows.ts'

export class TestDevice {
  readonly meter = new RecordingMeter()
  readonly losses: Error[] = []
  readonly device: DeviceBackend
  readonly pool = newPool()

  constructor(startThread: DeviceBackendOptions['startThread'], options: Partial<DeviceBackendOptions> = {}) {
    this.device = new DeviceBackend({
      device: 'test',
      pool: newPool(),
      startThread,
      memoryBytesMax: 1e9,
      weightsBytesMax: 0,
      whenFull: 'cpu',
      onLost: error => this.losses.push(error),
      log: silentLogger(),
      outcomes: this.meter.counter(deviceMetrics.shards),
      tangentOutcomes: this.meter.counter(deviceMetrics.tangents),
      deviceRowsMin: 1,
      ...options,
    })
    readDevice(this.meter, this.device)
  }

  async hold(...segments: readonly SegmentToHold[]): Promise<void> {
    for (const segment of segments) {
      await this.device.hold(segment)
      await this.pool.hold(segment)
    }
  }

  drop(...segments: readonly SegmentToHold[]): void {
    for (const { key } of segments) {
      this.device.drop(key)
      this.pool.drop(key)
    }
  }

  /** Both give the same, to the bit. */
  async expectSame(request: ScanRequest, hint = ''): Promise<void> {
    const [expected, found] = [await this.pool.scan(request, soon()), await this.device.scan(request, soon())]
    assert.deepEqual(foundIn(found), foundIn(expected), hint)
  }

  async close(): Promise<void> {
    await Promise.all([this.device.close(), this.pool.close()])
  }
}

/** The thread of a device that computes with this provider, in chunks of a few KB. */
export function realThread(
  name: DeviceProvider['name'],
  chunkBytesMax: number,
  precision: DeviceThreadData['precision'] = 'f32',
  weightsBytesMax = 1e6,
) {
  return (onDeath: (error: Error) => void): DeviceThread =>
    startDeviceThread(
      { provider: { name, number: 0 }, precision, chunkBytesMax, weightsBytesMax },
      silentLogger(),
      onDeath,
    )
}

export function soon(signal?: AbortSignal): Deadline {
  return Deadline.after(60_000, signal && { signal })
}

function newPool(): ScoringPool {
  return new ScoringPool({ threads: 1, log: silentLogger(), onDeath: error => assert.fail(error) })
}
