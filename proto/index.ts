/** Where the `.proto` sources lie; the generated messages are `@hypershard/proto/encoder` and its siblings. */
import { fileURLToPath } from 'node:url'

/** The include directory of the `.proto` files, for gRPC reflection. */
export const protoDirectory = fileURLToPath(new URL('.', import.meta.url))
