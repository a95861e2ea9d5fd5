import type { VNode } from "preact";
import { useState } from "preact/hooks";
import type { CallKind, Offer } from "../page-types.js";
import type { Selection } from "./state.js";

interface Item {
  readonly kind: CallKind;
  readonly name: string;
  readonly label: string;
  readonly about: string;
}

interface CatalogueProps {
  readonly offer: Offer;
  readonly selected: Selection | undefined;
  readonly onSelect: (selected: Selection) => void;
}

/** Everything the server offers to this caller. */
export function Catalogue({ offer, selected, onSelect }: CatalogueProps): VNode {
  const [filter, setFilter] = useState("");
  const words = filter.toLowerCase();
  const sections = sectionsOf(offer).map(({ title, items }) => ({
    title,
    all: items.length,
    items: items.filter(({ name, about }) => `${name} ${about}`.toLowerCase().includes(words)),
  }));
  return (
    <nav class="catalogue" aria-label="What the server offers">
      <input
        type="search"
        placeholder="Filter"
        aria-label="Filter"
        value={filter}
        onInput={({ currentTarget }) => setFilter(currentTarget.value)}
      />
      {sections
        .filter(({ all }) => all > 0)
        .map(({ title, items }) => (
          <section key={title}>
            <h3>{title}</h3>
            <ul>
              {items.map(({ kind, name, label, about }) => (
                <li key={name}>
                  <button
                    type="button"
                    aria-current={selected?.kind === kind && selected.name === name}
                    onClick={() => onSelect({ kind, name })}
                  >
                    <span class="label">{label}</span>
                    <span class="about">{about}</span>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ))}
      {sections.every(({ all }) => all === 0) && <p class="empty">The server lists nothing to this caller.</p>}
    </nav>
  );
}

function sectionsOf(offer: Offer): readonly { readonly title: string; readonly items: readonly Item[] }[] {
  const about = (one: { readonly description?: string; readonly title?: string }) => one.description ?? one.title ?? "";
  const { tools, resources, resourceTemplates, prompts } = offer;
  const resource = (kind: "uri" | "uriTemplate") => (one: Offer["resources"][number]) => ({
    kind: "resource" as const,
    name: one[kind] ?? "",
    label: one.title ?? one.name,
    about: one[kind] ?? "",
  });
  return [
    {
      title: "Tools",
      items: tools.map((one) => ({ kind: "tool" as const, name: one.name, label: one.name, about: about(one) })),
    },
    { title: "Resources", items: resources.map(resource("uri")) },
    { title: "Resource templates", items: resourceTemplates.map(resource("uriTemplate")) },
    {
      title: "Prompts",
      items: prompts.map((one) => ({ kind: "prompt" as const, name: one.name, label: one.name, about: about(one) })),
    },
  ];
}
