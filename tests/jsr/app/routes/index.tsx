import { signal } from "@preact/signals";
import Counter from "../islands/Counter.tsx";
import { Box } from "../islands/Box.tsx";

export default function Home() {
  const count = signal(3);
  return (
    <main>
      <Counter name="</script><!--" count={count} />
      <Box label={<b>label</b>}>
        <Counter name="inside" count={count} />
      </Box>
      <Box closed>
        <i>never seen</i>
      </Box>
    </main>
  );
}
