import ts from 'typescript';

/** The names that a piece of code uses and does not declare at its top. */
export function freeNames(code: string): Set<string> {
  const source = ts.createSourceFile('block.tsx', code, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const used = new Set<string>();
  const declared = new Set<string>();
  const declare = (name: ts.BindingName): void => {
    if (ts.isIdentifier(name)) declared.add(name.text);
    else for (const element of name.elements) if (ts.isBindingElement(element)) declare(element.name);
  };
  for (const statement of source.statements) {
    if (ts.isVariableStatement(statement)) for (const { name } of statement.declarationList.declarations) declare(name);
    else if (ts.isImportDeclaration(statement)) {
      const { name, namedBindings } = statement.importClause ?? {};
      if (name !== undefined) declared.add(name.text);
      if (namedBindings === undefined) continue;
      if (ts.isNamespaceImport(namedBindings)) declared.add(namedBindings.name.text);
      else for (const element of namedBindings.elements) declared.add(element.name.text);
    } else if (ts.isDeclarationStatement(statement) && statement.name !== undefined) declared.add(statement.name.text);
  }
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) return;
    if (ts.isIdentifier(node) && !isMember(node)) used.add(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  for (const name of declared) used.delete(name);
  return used;
}

function isMember(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  return (
    (ts.isPropertyAssignment(parent) ||
      ts.isMethodDeclaration(parent) ||
      ts.isPropertyDeclaration(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isParameter(parent)) &&
    parent.name === node
  );
}

/** The imports that code on a page leaves out. */
export function importsOf(code: string, modules: ReadonlyMap<string, ReadonlySet<string>>, isOfAPage: boolean): string {
  const rest = freeNames(code);
  // A block that shows imports shows all of them: somebody will copy it. Only what belongs to the reader's own program is left open.
  const showsImports = isOfAPage && /^import /m.test(code);
  const lines: string[] = [];
  for (const [module, names] of modules) {
    if (showsImports && !module.startsWith('.') && !module.startsWith('/')) continue;
    const taken = [...rest].filter((name) => names.has(name) && rest.delete(name));
    if (taken.length > 0) lines.push(`import { ${taken.join(', ')} } from '${module}';`);
  }
  return `${lines.join(' ')} export {};`;
}
