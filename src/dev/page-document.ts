/** The one document; everything else the program makes. Styles are its own too, so that one file is all there is. */
export function pageDocument(script: string, nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>holdfast dev</title>
<link rel="icon" href="data:,">
</head>
<body>
<div id="page"></div>
<script nonce="${nonce}">${script}</script>
</body>
</html>
`;
}
