/** Of a request that is read whole, over HTTP and gRPC alike. One with the longest query is 64 KiB; the rest is room for filters and escapes. */
export const requestBytesMax = 1024 * 1024
