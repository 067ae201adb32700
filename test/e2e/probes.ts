import { once } from 'node:events';
import { connect } from 'node:tls';
import type { Serving } from './webhookServer.ts';

/** Whether a server shows a certificate that is good now, and that one of the CAs has signed for its address. */
export async function isTrusted(port: number, ca: string): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port, ca });
  try {
    await once(socket, 'secureConnect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

export async function isReady({ port }: Pick<Serving, 'port'>): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await once(socket, 'secureConnect');
  socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return chunk.toString().startsWith('HTTP/1.1 200');
}
