import type { ChannelOptions } from '@grpc/grpc-js'

/**
 * The largest message either side takes. A width-768, depth-6 q-net in f32 is 14.2 MB and a batch of 8,192 document
 * vectors of width 768 is 25 MB; 64 MiB holds both with room, and one message stays far below a process's memory.
 */
export const messageBytesMax = 64 * 1024 * 1024

/**
 * HTTP/2 flow control: bytes in flight before the receiver must answer. The default of 64 KB costs a 14 MB q-net over
 * 200 round trips; 4 MiB costs four, and bounds what a slow reader makes the other side hold.
 */
const flowControlWindowBytes = 4 * 1024 * 1024

/**
 * Keepalive: a peer that froze or whose cable was pulled says nothing; without pings its connection looks alive for
 * minutes. 10 s + 5 s notices it in a quarter of a minute, also between queries. Calls themselves never wait for
 * this: each has a deadline.
 */
const keepalive: ChannelOptions = {
  'grpc.keepalive_time_ms': 10_000,
  'grpc.keepalive_timeout_ms': 5_000,
  'grpc.keepalive_permit_without_calls': 1,
}

const limits: ChannelOptions = {
  'grpc.max_receive_message_length': messageBytesMax,
  'grpc.max_send_message_length': messageBytesMax,
  'grpc-node.flow_control_window': flowControlWindowBytes,
}

export const serverOptions: ChannelOptions = Object.freeze({ ...limits, ...keepalive })

/**
 * The largest message that the public port takes: documents, each of 1 MiB at most. It is read in one go, while nobody
 * else is answered. gRPC's usual limit too, so that clients keep to it by themselves.
 */
const publicMessageBytesMax = 4 * 1024 * 1024

/** Calls that one client may have under way on a connection of the public port. */
const publicStreamsMax = 1_000

/** A connection of the public port is asked to end after this, when its calls have: new ones spread, and see new certificates. */
const publicConnectionMsMax = 3_600_000
const publicIdleMsMax = 600_000

/** Of a port that anybody may call. */
export const publicServerOptions: ChannelOptions = Object.freeze({
  ...serverOptions,
  'grpc.max_receive_message_length': publicMessageBytesMax,
  'grpc.max_concurrent_streams': publicStreamsMax,
  'grpc.max_connection_age_ms': publicConnectionMsMax,
  'grpc.max_connection_idle_ms': publicIdleMsMax,
})

/** Retries are the coordinator's decision (another replica, inside the deadline), never the channel's. */
export const clientOptions: ChannelOptions = Object.freeze({
  ...limits,
  ...keepalive,
  'grpc.enable_retries': 0,
  // A restarted shard server is found again within a second, not after the default's two minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1_000,
  // One connection a client object: pools shared behind the scenes would share their window too.
  'grpc.use_local_subchannel_pool': 1,
  // A company's environment names a proxy for the way out (`http_proxy`); the cluster's own calls do not go that way.
  'grpc.enable_http_proxy': 0,
})

/** What `HYPERSHARD_INTERNAL_PROXY` may say. */
export const internalProxies = ['off', 'environment'] as const

/** @param proxy `environment` sends calls through the proxy that `grpc_proxy`, `https_proxy` or `http_proxy` names */
export function clientOptionsBehind(proxy: (typeof internalProxies)[number]): ChannelOptions {
  return proxy === 'off' ? clientOptions : { ...clientOptions, 'grpc.enable_http_proxy': 1 }
}
