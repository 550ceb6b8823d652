/** What a call's metadata says of the request that it is made for. */

/** Of the request, as its caller was told: see `request-id.ts`. */
export const requestIdHeader = 'x-request-id'

/** Which span the call belongs to (https://www.w3.org/TR/trace-context/). */
export const traceparentHeader = 'traceparent'
export const tracestateHeader = 'tracestate'
