/** The module, compiled, where the host can import it (Cloudflare Workers can). */
declare const module: WebAssembly.Module;
export default module;
