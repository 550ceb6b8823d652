import { HypershardError, messageOf } from '@hypershard/common'

/** The device failed while it was in use: another process can answer, this one cannot any more. */
export function deviceLost(reason: string): HypershardError {
  const message = `this process's device is lost: ${reason}; ask another, and start this one again`
  return new HypershardError('unavailable', message, { details: { deviceLost: true } })
}

export function isDeviceLost(error: unknown): boolean {
  return error instanceof HypershardError && error.details.deviceLost === true
}

/** Whatever onnxruntime throws once the device has worked: that is gone, or out of memory that nobody counted. */
export async function withDeviceErrors<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    // onnxruntime throws plain errors; all others are defects of ours, and the device is not to blame.
    if (error instanceof Error && error.constructor === Error) throw deviceLost(messageOf(error))
    throw error
  }
}
