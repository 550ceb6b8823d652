import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { HypershardError } from '@hypershard/common'
import { ModelFile, type ReadModelFileRequest, type ReadModelFileResponse } from '@hypershard/proto/encoder'
import { hyperHeadFile, invalidModel } from '@hypershard/qnet'
import type { LoadedModel } from '../encoding/worker-protocol.ts'

/** Of one answer: messages stay small beside those of searches, and a hyper-head of 120 MB takes 30 calls. */
const pieceBytesMax = 4 * 1024 * 1024

/**
 * A piece of a file of the model directory as it is now: if it was changed since it was loaded, the digests tell the caller.
 * @throws HypershardError `invalid_request`, `invalid_model` when the file cannot be read
 */
export async function readModelFile(
  { path, settings }: LoadedModel,
  { file, offset }: Pick<ReadModelFileRequest, 'file' | 'offset'>,
): Promise<ReadModelFileResponse> {
  const name = nameOf(settings, file)
  try {
    const handle = await open(join(path, name))
    try {
      const { size: fileBytes } = await handle.stat()
      const content = Buffer.alloc(Math.max(0, Math.min(pieceBytesMax, fileBytes - offset)))
      const { bytesRead } = await handle.read(content, 0, content.byteLength, offset)
      return { content: content.subarray(0, bytesRead), fileBytes }
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw invalidModel(path, name, 'cannot be read any more; put it back', error)
  }
}

function nameOf(settings: LoadedModel['settings'], file: ModelFile): string {
  if (file === ModelFile.MODEL_FILE_MODEL_JSON) return 'model.json'
  const name = file === ModelFile.MODEL_FILE_HYPER_HEAD ? hyperHeadFile(settings)?.name : undefined
  if (name !== undefined) return name
  throw new HypershardError('invalid_request', `file: model ${settings.name} has no file ${file} to give`)
}
