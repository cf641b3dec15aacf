/** 128 bits of chance; not randomUUID, which pages on plain http do not have. */
const chance = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

/**
 * Sends wishes `[path, data]` one after the other with `send(path, data, key)`, and answers what came back.
 *
 * A wish keeps its key until all of its press were answered: pressed twice, or again because an answer was lost, it is the same wish and the sidecar makes it once.
 */
export function eachOnce(send) {
  const keys = new Map();
  return async (wishes) => {
    const named = wishes.map(([path, data]) => [path, data, JSON.stringify([path, data])]);
    const answers = [];
    for (const [path, data, name] of named) {
      if (!keys.has(name)) keys.set(name, chance());
      answers.push(await send(path, data, keys.get(name)));
    }
    for (const [, , name] of named) keys.delete(name);
    return answers;
  };
}
