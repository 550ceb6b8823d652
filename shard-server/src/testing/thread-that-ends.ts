/** A worker that ends when it gets a message, as one does whose driver has crashed. */
import { parentPort } from 'node:worker_threads'

parentPort!.on('message', () => process.exit(3))
