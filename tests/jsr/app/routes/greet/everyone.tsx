export default function Everyone() {
  return <p>everyone</p>;
}
