import { BlockList, isIP } from 'node:net';

const RANGES: readonly (readonly [address: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
  ['::', 127],
  ['64:ff9b::', 96],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];

const list = new BlockList();
for (const [address, bits] of RANGES) list.addSubnet(address, bits, address.includes(':') ? 'ipv6' : 'ipv4');

/** Whether an IP address belongs to this machine, a private network or a group (RFC 6890), and not to one server of the internet. */
export function isPrivateAddress(address: string): boolean {
  // A BlockList takes an IPv4 address in the clothes of IPv6 for the IPv4 address that it is.
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}
