import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HypershardError, makeFolder, messageOf, toFolderFailure } from '@hypershard/common'
import { clusterName } from '@hypershard/common/grpc'
import { CertificateAuthority, type CertificateUse, type Issued, validFor } from './certificate-authority.ts'

export interface CertificatesWanted {
  /** Processes that get a certificate of their own, by the names their files get. */
  readonly processes: readonly string[]
  /** Names and addresses that clients call the public API by; none for no certificate of it. */
  readonly publicNames: readonly string[]
  readonly days: number
}

/** Where a certificate and its key lie. */
export interface CertificatePair {
  readonly name: string
  readonly certificate: string
  readonly key: string
}

export interface WrittenCertificates {
  readonly ca: string
  /** Whether it lay there before. */
  readonly caKept: boolean
  readonly processes: readonly CertificatePair[]
  readonly public: CertificatePair | undefined
}

/** The CA of a folder outlives what it signs: those who trust it need no new file each year. */
const caDays = 3_650

/**
 * Makes a folder with a CA, and certificates that it signs. A CA that lies there is used again, and certificates are
 * replaced: doing it again renews them, also under processes that run.
 * @throws HypershardError `invalid_config` for a folder that cannot be written to, or a CA in it that cannot be read
 */
export async function writeCertificates(directory: string, wanted: CertificatesWanted): Promise<WrittenCertificates> {
  makeFolder(directory, `folder of certificates ${directory}`)
  try {
    const ca = join(directory, 'ca.pem')
    const { authority, kept } = await openAuthority(directory)
    const write = async (name: string, names: readonly [string, ...string[]], uses: readonly CertificateUse[]) => {
      const pair = { name, certificate: join(directory, `${name}.pem`), key: join(directory, `${name}-key.pem`) }
      await writePair(pair, await authority.issue(names, validFor(wanted.days), uses))
      return pair
    }
    const processes: CertificatePair[] = []
    for (const name of wanted.processes) {
      processes.push(await write(name, [clusterName, ...(name === clusterName ? [] : [name])], ['server', 'client']))
    }
    const [first, ...others] = wanted.publicNames
    // Of no use to get in at an internal port.
    const ofPublic = first === undefined ? undefined : await write('public', [first, ...others], ['server'])
    return { ca, caKept: kept, processes, public: ofPublic }
  } catch (error) {
    throw toFolderFailure(`folder of certificates ${directory}`, error)
  }
}

async function openAuthority(directory: string): Promise<{ authority: CertificateAuthority; kept: boolean }> {
  const pair = { name: 'ca', certificate: join(directory, 'ca.pem'), key: join(directory, 'ca-key.pem') }
  const [certificate, key] = await Promise.all([readOptional(pair.certificate), readOptional(pair.key)])
  if (certificate === undefined && key === undefined) {
    const { authority, files } = await CertificateAuthority.create('hypershard cluster CA', validFor(caDays))
    await writePair(pair, files)
    return { authority, kept: false }
  }
  if (certificate === undefined || key === undefined) {
    const missing = certificate === undefined ? pair.certificate : pair.key
    throw new HypershardError(
      'invalid_config',
      `${missing} is missing beside its pair; put it back or use another folder`,
    )
  }
  try {
    return { authority: await CertificateAuthority.open({ certificate, key }), kept: true }
  } catch (cause) {
    const problem = `${pair.certificate} and ${pair.key} are no CA that can be used (${messageOf(cause)})`
    throw new HypershardError('invalid_config', `${problem}; use another folder`, { cause })
  }
}

async function readOptional(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** Each file in one step: a process that reads it meanwhile has the old or the new. */
async function writePair({ certificate, key }: CertificatePair, issued: Issued): Promise<void> {
  await writeFile(`${key}.new`, issued.key, { mode: 0o600 })
  await writeFile(`${certificate}.new`, issued.certificate)
  await rename(`${key}.new`, key)
  await rename(`${certificate}.new`, certificate)
}
