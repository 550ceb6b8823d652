import { ownQNetBytesMax } from '@hypershard/contract'

/** Of a request that is read whole, over HTTP and gRPC alike. One with the longest query is 64 KiB; the rest is room for filters and escapes. */
export const requestBytesMax = 1024 * 1024

/** Of a search, whose q-net may come along in base64. */
export const searchBytesMax = requestBytesMax + Math.ceil(ownQNetBytesMax / 3) * 4
