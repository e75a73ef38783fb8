import { existsSync, readdirSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { attempt, run } from '../../machine/shell.ts'
import { network } from './layout.ts'

/** Makes the bridge, whose address is the host's as pods see it, and lets pods reach each other and this host and nothing else. */
export async function networkUp(): Promise<void> {
  const { bridge, host, pods, fence } = network
  if (!existsSync(`/sys/class/net/${bridge}`)) await ip('link', 'add', bridge, 'type', 'bridge')
  await ip('addr', 'replace', `${host}/16`, 'dev', bridge)
  await ip('link', 'set', bridge, 'up')
  await writeFile('/proc/sys/net/ipv4/ip_forward', '1')
  await writeFile('/proc/sys/net/bridge/bridge-nf-call-iptables', '1').catch(() => {}) // not there where the kernel has no such filter
  if (!(await iptables('-N', fence))) await iptables('-F', fence)
  await run('iptables', ['-A', fence, '-s', pods, '!', '-d', pods, '-j', 'REJECT'])
  if (!(await iptables('-C', 'FORWARD', '-j', fence))) await run('iptables', ['-I', 'FORWARD', '-j', fence])
}

/** Whether another program has made the bridge, or a network with its addresses, before us. */
export const networkIsTaken = (): boolean => existsSync(`/sys/class/net/${network.bridge}`)

/** Removes the bridge, the network namespaces of pods, and all rules of ours, of kube-proxy and of the CNI plugins. */
export async function networkDown(): Promise<void> {
  const { bridge, fence } = network
  for (const namespace of existsSync('/run/netns') ? readdirSync('/run/netns') : []) {
    if (namespace.startsWith('cni-')) await attempt('ip', ['netns', 'del', namespace])
  }
  await attempt('ip', ['link', 'del', bridge])
  await iptables('-D', 'FORWARD', '-j', fence)
  await iptables('-F', fence)
  await iptables('-X', fence)
  for (const family of ['iptables', 'ip6tables']) await removeRules(family, /\b(KUBE|CNI)-/)
}

/** Writes the rules back without the lines that match. */
export async function removeRules(family: string, lines: RegExp): Promise<void> {
  const { code, stdout } = await attempt(`${family}-save`, [])
  if (code !== 0 || !lines.test(stdout)) return
  const kept = stdout.split('\n').filter((line) => !lines.test(line))
  await attempt(`${family}-restore`, [], { input: kept.join('\n') })
}

const ip = async (...args: string[]): Promise<string> => run('ip', args)

/** Whether it succeeded. */
const iptables = async (...args: string[]): Promise<boolean> => (await attempt('iptables', args)).code === 0
