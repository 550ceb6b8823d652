export * from '../index.ts'
export { connect, type NodeClientOptions, nodeTransport, readCa } from './connect.ts'
export { type ClientTls, type HttpRequest, readText, sendRequest } from './send-request.ts'
