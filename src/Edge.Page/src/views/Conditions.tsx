import { useState } from "preact/hooks";
import type { Condition, ConditionGroup, ConditionRule } from "../api";
import { t } from "../strings.en";
import { Failing, useViolations } from "../ui/Field";
import { countries, Suggested } from "../ui/Suggested";
import { isGroup, operatorText, propertyText, valueText } from "../words";

type Operator = ConditionRule["ruleOperator"];

export const newRule = (): ConditionRule => ({ type: "rule", property: "device.type", ruleOperator: "equals", value: "mobile" });
export const newGroup = (): ConditionGroup => ({ type: "group", operator: "AND", children: [newRule()] });

const known: Record<string, string[]> = {
  "device.type": ["mobile", "desktop", "tablet"],
  "device.os": ["iOS", "Android", "Windows", "macOS", "Linux", "ChromeOS"],
  browser: ["chrome", "safari", "firefox", "edge", "opera"],
  "geo.continent": ["NA", "EU", "AS", "AF", "SA", "OC", "AN"],
  "time.dayOfWeek": ["0", "1", "2", "3", "4", "5", "6"],
};

/** The value as it is typed. */
const typedText = (value: unknown): string => (Array.isArray(value) ? value.join(", ") : String(value ?? ""));

/** A tree of conditions as nested lists, to be read. */
export function ConditionText({ tree }: { tree: Condition }) {
  if (!isGroup(tree)) {
    return (
      <p class="small wrap">
        {propertyText(tree.property, tree.paramName)} {operatorText(tree.ruleOperator)} <strong><bdi>{valueText(tree.property, tree.value)}</bdi></strong>
      </p>
    );
  }
  return (
    <div class="group">
      <span class="join">{tree.operator === "AND" ? t.edit.all : t.edit.any}</span>
      <ul class="stack-s">
        {tree.children.map((child, i) => (
          <li key={i}>
            <ConditionText tree={child} />
          </li>
        ))}
      </ul>
    </div>
  );
}

interface NodeProps<N> {
  node: N;
  path: string;
  onChange: (node: Condition) => void;
  onRemove?: (() => void) | undefined;
  depth?: number;
}

/** The tree, edited as a tree. What a tree may be is the server's to say. */
export function ConditionEditor({ tree, path, onChange }: { tree: Condition | null | undefined; path: string; onChange: (tree: Condition | null) => void }) {
  return (
    <fieldset class="stack-s">
      <legend class="label">{t.edit.variants.conditions}</legend>
      <Failing path={path} />
      {tree ? (
        <Node node={tree} path={path} onChange={onChange} onRemove={() => onChange(null)} />
      ) : (
        <>
          <p class="small soft">{t.edit.noConditions}</p>
          <div class="row">
            <button type="button" class="small-button" onClick={() => onChange(newRule())}>
              {t.edit.addRule}
            </button>
            <button type="button" class="small-button" onClick={() => onChange(newGroup())}>
              {t.edit.addGroup}
            </button>
          </div>
        </>
      )}
    </fieldset>
  );
}

function Node(props: NodeProps<Condition>) {
  return isGroup(props.node) ? <Group {...props} node={props.node} /> : <Rule {...props} node={props.node} />;
}

function Group({ node, path, onChange, onRemove, depth = 0 }: NodeProps<ConditionGroup>) {
  const children = (next: Condition[]) => onChange({ ...node, children: next });
  const replace = (i: number, child: Condition) => children(node.children.map((old, k) => (k === i ? child : old)));
  const move = (i: number) => children(node.children.map((old, k) => node.children[k === i ? i - 1 : k === i - 1 ? i : k] ?? old));
  return (
    <fieldset class="group">
      <legend class="sr">{node.operator === "AND" ? t.edit.all : t.edit.any}</legend>
      <div class="row">
        <select class="grow" aria-label={t.edit.variants.conditions} value={node.operator} onChange={(event) => onChange({ ...node, operator: event.currentTarget.value as "AND" | "OR" })}>
          <option value="AND">{t.edit.all}</option>
          <option value="OR">{t.edit.any}</option>
        </select>
        {onRemove && (
          <button type="button" class="plain small-button" onClick={onRemove}>
            {t.common.remove}
          </button>
        )}
      </div>
      {["", ".children", ".type", ".operator"].map((member) => (
        <Failing key={member} path={path + member} />
      ))}
      <ul class="stack-s">
        {node.children.map((child, i) => (
          <li key={i} class="node">
            {i > 0 && (
              <div class="row">
                <span class="join">{node.operator === "AND" ? t.edit.and : t.edit.or}</span>
                <button type="button" class="plain small-button" onClick={() => move(i)}>
                  {t.edit.up}
                </button>
              </div>
            )}
            <Node
              node={child}
              path={`${path}.children[${i}]`}
              depth={depth + 1}
              onChange={(next) => replace(i, next)}
              onRemove={() => children(node.children.filter((_, k) => k !== i))}
            />
          </li>
        ))}
      </ul>
      <div class="row">
        <button type="button" class="small-button" onClick={() => children([...node.children, newRule()])}>
          {t.edit.addRule}
        </button>
        <button type="button" class="small-button" onClick={() => children([...node.children, newGroup()])}>
          {t.edit.addGroup}
        </button>
      </div>
    </fieldset>
  );
}

function Rule({ node, path, onChange, onRemove, depth = 0 }: NodeProps<ConditionRule>) {
  const isList = node.ruleOperator === "in" || node.ruleOperator === "not_in";
  const [, prefix = "", given = ""] = /^(attribute\.)(.*)/s.exec(node.property) ?? [];
  const kind = prefix || (node.property in t.edit.properties ? node.property : "");
  const named = valueText(node.property, node.value);
  // A list is shown as it is typed: the blank after a comma stays.
  const [typed, setTyped] = useState("");
  const read = (text: string) => (isList ? split(text) : text) as ConditionRule["value"];
  const invalid = useViolations(path, true).length > 0 ? "true" : undefined;
  const setOperator = (ruleOperator: Operator) => {
    const wantsList = ruleOperator === "in" || ruleOperator === "not_in";
    const value = wantsList === isList ? node.value : wantsList ? split(typedText(node.value)) : typedText(node.value);
    onChange({ ...node, ruleOperator, value: value as ConditionRule["value"] });
  };
  const setProperty = (property: string) =>
    onChange({ ...node, property, value: known[property]?.[0] ?? "", paramName: property === "url.param" ? (node.paramName ?? "") : undefined } as ConditionRule);
  return (
    <div class="node">
      <div class="rule">
        <div class="stack-s">
          <select aria-label={t.edit.condition.property} aria-invalid={invalid} value={kind} onChange={(event) => setProperty(event.currentTarget.value)}>
            {Object.entries(t.edit.properties).map(([name, text]) => (
              <option key={name} value={name}>
                {text}
              </option>
            ))}
            {!kind && <option value="">{propertyText(node.property)}</option>}
          </select>
          {prefix && <input aria-label={t.edit.properties[prefix]} value={given} onInput={(event) => onChange({ ...node, property: prefix + event.currentTarget.value })} />}
          {node.property === "url.param" && (
            <input aria-label={t.edit.condition.paramName} placeholder={t.edit.condition.paramName} value={node.paramName ?? ""} onInput={(event) => onChange({ ...node, paramName: event.currentTarget.value })} />
          )}
        </div>
        <select aria-label={t.edit.condition.operator} value={node.ruleOperator} onChange={(event) => setOperator(event.currentTarget.value as Operator)}>
          {(Object.keys(t.edit.operators) as Operator[]).map((operator) => (
            <option key={operator} value={operator}>
              {t.edit.operators[operator]}
            </option>
          ))}
        </select>
        <div class="stack-s">
          <Suggested
            aria-label={isList ? t.edit.values : t.edit.condition.value}
            aria-invalid={invalid}
            options={node.property === "geo.country" ? countries : (known[node.property] ?? []).map((value): [string, string] => [value, valueText(node.property, value)])}
            named={named === typedText(node.value) ? "" : named}
            isList={isList}
            value={JSON.stringify(read(typed)) === JSON.stringify(node.value) ? typed : typedText(node.value)}
            onInput={(text) => {
              setTyped(text);
              onChange({ ...node, value: read(text) });
            }}
          />
        </div>
        <div class="row">
          {depth === 0 && (
            <>
              <button type="button" class="small-button" onClick={() => onChange({ type: "group", operator: "AND", children: [node, newRule()] })}>
                {t.edit.addRule}
              </button>
              <button type="button" class="small-button" onClick={() => onChange({ type: "group", operator: "AND", children: [node, newGroup()] })}>
                {t.edit.addGroup}
              </button>
            </>
          )}
          {onRemove && (
            <button type="button" class="plain small-button" onClick={onRemove}>
              {t.common.remove}
            </button>
          )}
        </div>
      </div>
      <Failing path={path} isDeep />
    </div>
  );
}

const split = (text: string): string[] => text.split(",").map((part) => part.trim()).filter(Boolean);
