/**
 * Two soft notes, made on the spot: to try the speaker, and when somebody waits or joins.
 */

const NOTES_HZ = [587.33, 880]; // D5, A5
const NOTE_S = 0.18;

/** @param {string} [speaker]  device id; empty for the system's own choice */
export async function chime(speaker = "") {
  const audio = new AudioContext();
  if (speaker && "setSinkId" in audio) {
    // Chromium only; elsewhere, or when it is unplugged, the default plays.
    await /** @type {any} */ (audio).setSinkId(speaker).catch(() => undefined);
  }
  if (audio.state === "suspended") {
    // No tap yet on this page: silence rather than a sound that comes later, out of place.
    await Promise.race([audio.resume(), new Promise((resolve) => setTimeout(resolve, 200))]);
    if (audio.state === "suspended") return void audio.close();
  }
  NOTES_HZ.forEach((frequency, index) => {
    const start = audio.currentTime + index * NOTE_S;
    const note = new OscillatorNode(audio, { frequency });
    const volume = new GainNode(audio, { gain: 0 });
    volume.gain.linearRampToValueAtTime(0.2, start + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.001, start + NOTE_S * 2);
    note.connect(volume).connect(audio.destination);
    note.start(start);
    note.stop(start + NOTE_S * 2);
  });
  setTimeout(() => void audio.close(), 1500);
}
