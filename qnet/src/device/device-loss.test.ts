import assert from 'node:assert/strict'
import { silentLogger } from '@hypershard/common'
import { DeviceLoss } from './device-loss.ts'
import { deviceLost, withDeviceErrors } from './device-lost.ts'

describe('a lost device', () => {
  it('makes the server say that it serves no more at once, and ends it later', () => {
    const told: string[] = []
    const waiting: (() => void)[] = []
    const loss = new DeviceLoss(
      silentLogger(),
      () => told.push('death'),
      work => void waiting.push(work),
    )
    loss.onLost = () => told.push('lost')
    loss.note(deviceLost('told to fail'))
    assert.deepEqual(told, ['lost'])
    for (const work of waiting) work()
    assert.deepEqual(told, ['lost', 'death'])
  })

  it('is what onnxruntime says, and no defect of ours', async () => {
    const failing = (error: Error) => withDeviceErrors(() => Promise.reject(error))
    await assert.rejects(failing(new Error('device removed')), { code: 'unavailable', message: /device removed/ })
    await assert.rejects(failing(new TypeError('x is undefined')), TypeError)
  })
})
