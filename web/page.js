// What the tab does in the page when it is loaded. It gives the browser a secret name, by which its jobs are its own.
(...given) => {
  const cookie = "lf-qwen3-browser";
  if (!document.cookie.split("; ").some((pair) => pair.startsWith(cookie + "="))) {
    const name = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    document.cookie = `${cookie}=${name}; path=/; max-age=31536000; SameSite=Strict`;
  }
  return given;
}
