export default function Page() {
  return <p>walscope in Next.js</p>;
}
