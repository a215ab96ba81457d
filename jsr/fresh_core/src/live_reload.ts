// Runs in the browser during development: the server restarts on an edit, its new revision arrives over a
// socket, and the page loads itself again.
let known: string | undefined;

function connect(): void {
  const url = new URL("/_fresh/alive", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  const socket = new WebSocket(url);
  socket.onmessage = ({ data }) => {
    if (known !== undefined && known !== data) location.reload();
    known = data;
  };
  socket.onclose = () => setTimeout(connect, 300);
}

connect();
