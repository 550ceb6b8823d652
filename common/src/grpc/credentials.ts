import { type ChannelCredentials, type ClientOptions, credentials, ServerCredentials } from '@grpc/grpc-js'
import { clientOptions } from './channel-options.ts'

/**
 * What a server proves itself with, and asks of its callers: nothing yet. Every connection between processes takes its
 * credentials from this file, so that they are one decision.
 */
export function serverCredentials(): ServerCredentials {
  return ServerCredentials.createInsecure()
}

/** A class of clients as ts-proto and grpc-js make them. */
export type ClientClass<Client> = new (
  address: string,
  credentials: ChannelCredentials,
  options: ClientOptions,
) => Client

/**
 * A client of another process, with the credentials and limits that all have.
 * @param address `host:port`
 * @param options limits and ways of the channel, `clientOptionsBehind` makes those that go through a proxy; or the channel of
 *   another client, to share its connection
 * @example
 * const encoder = connectClient(EncoderServiceClient, '127.0.0.1:7702')
 */
export function connectClient<Client>(
  service: ClientClass<Client>,
  address: string,
  options: ClientOptions = clientOptions,
): Client {
  return new service(address, credentials.createInsecure(), options)
}
