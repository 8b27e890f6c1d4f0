export default { serverExternalPackages: ['walscope'] };
