/** The phone's rear camera where it has one. */
export async function openCamera(): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new Error('https') // browsers give cameras only to secure pages
  return navigator.mediaDevices.getUserMedia({
    audio: false,
    video: { facingMode: { ideal: 'environment' }, width: { ideal: 1920 }, height: { ideal: 1080 } },
  })
}

export function stopCamera(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop()
}
