package vet

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
)

// changes is the fact that a package variable is assigned outside its declaration and init.
type changes struct {
	Module string
	At     string // file and line of one such place
}

// reaches is the fact that a function uses, itself or through others, package variables that change.
type reaches struct {
	Module string
	Vars   []reached
}

type reached struct{ Var, At string }

func (*changes) AFact()           {}
func (c *changes) String() string { return "changes at " + c.At }

func (*reaches) AFact() {}
func (r *reaches) String() string {
	var names []string
	for _, v := range r.Vars {
		names = append(names, v.Var)
	}
	return "reaches " + strings.Join(names, ", ")
}

// globals knows which package variables change, and which functions use which.
type globals struct {
	pass   *analysis.Pass
	module string
	where  map[*types.Var]token.Pos // a place where the variable changes, as far as this package shows
	bodies map[*types.Func]*uses
}

// uses is what a piece of code mentions, in order of first mention.
type uses struct {
	vars  []*types.Var  // package variables
	funcs []*types.Func // functions and methods
}

func findGlobals(pass *analysis.Pass, decls map[*types.Func]*ast.FuncDecl) *globals {
	g := &globals{pass: pass, where: make(map[*types.Var]token.Pos), bodies: make(map[*types.Func]*uses)}
	if pass.Module != nil {
		g.module = pass.Module.Path
	}
	for f, d := range decls {
		if d.Body != nil {
			g.bodies[f] = g.usesOf(d.Body)
		}
	}
	for _, file := range pass.Files {
		for _, d := range file.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Body != nil {
					g.findChanges(d)
				}
			case *ast.GenDecl:
				g.findFlags(d)
			}
		}
	}
	return g
}

// findChanges notes the package variables that a function assigns, in whole or in part, or whose address it takes.
func (g *globals) findChanges(d *ast.FuncDecl) {
	isInit := d.Recv == nil && d.Name.Name == "init"
	ast.Inspect(d.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && g.isFlagCall(call) {
			for _, arg := range call.Args { // flag.Parse assigns later, even if init asked for it
				if u, ok := ast.Unparen(arg).(*ast.UnaryExpr); ok && u.Op == token.AND {
					g.note(u.X, arg.Pos())
				}
			}
		}
		if isInit {
			return true
		}
		switch n := n.(type) {
		case *ast.AssignStmt:
			if n.Tok != token.DEFINE {
				for _, e := range n.Lhs {
					g.note(e, e.Pos())
				}
			}
		case *ast.IncDecStmt:
			g.note(n.X, n.Pos())
		case *ast.RangeStmt:
			if n.Tok == token.ASSIGN {
				g.note(n.Key, n.Pos())
				g.note(n.Value, n.Pos())
			}
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				g.note(n.X, n.Pos())
			}
		}
		return true
	})
}

// findFlags notes variables that are declared as flags: what they point to is assigned by flag.Parse.
func (g *globals) findFlags(d *ast.GenDecl) {
	for _, spec := range d.Specs {
		s, ok := spec.(*ast.ValueSpec)
		if !ok || len(s.Values) != len(s.Names) {
			continue
		}
		for i, value := range s.Values {
			if call, ok := ast.Unparen(value).(*ast.CallExpr); ok && g.isFlagCall(call) {
				g.note(s.Names[i], s.Pos())
			}
		}
	}
}

func (g *globals) isFlagCall(call *ast.CallExpr) bool {
	f, ok := g.pass.TypesInfo.Uses[nameOf(call.Fun)].(*types.Func)
	return ok && f.Pkg() != nil && f.Pkg().Path() == "flag"
}

// note records that the variable at the root of e changes at pos. Locks are there to be used, and tests set variables that the
// program does not.
func (g *globals) note(e ast.Expr, pos token.Pos) {
	v := g.root(e)
	if v == nil || !isPackageVar(v) || inSync(v.Type()) || g.inTest(pos) && !g.inTest(v.Pos()) {
		return
	}
	if _, known := g.where[v]; !known {
		g.where[v] = pos
	}
}

// root gives the variable that v, v.f, v[i], *v and pkg.v are about.
func (g *globals) root(e ast.Expr) *types.Var {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		v, _ := g.pass.TypesInfo.ObjectOf(e).(*types.Var)
		return v
	case *ast.SelectorExpr:
		if v, ok := g.pass.TypesInfo.Uses[e.Sel].(*types.Var); ok && !v.IsField() {
			return v
		}
		return g.root(e.X)
	case *ast.IndexExpr:
		return g.root(e.X)
	case *ast.StarExpr:
		return g.root(e.X)
	}
	return nil
}

func (g *globals) inTest(pos token.Pos) bool {
	return strings.HasSuffix(g.pass.Fset.Position(pos).Filename, "_test.go")
}

// usesOf collects the package variables and functions that n mentions.
func (g *globals) usesOf(n ast.Node) *uses {
	u := &uses{}
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok {
			return true
		}
		switch object := g.pass.TypesInfo.Uses[id].(type) {
		case *types.Var:
			if isPackageVar(object) && !slices.Contains(u.vars, object) {
				u.vars = append(u.vars, object)
			}
		case *types.Func:
			if f := object.Origin(); !slices.Contains(u.funcs, f) {
				u.funcs = append(u.funcs, f)
			}
		}
		return true
	})
	return u
}

// reached follows start through all functions it mentions and gives the changing variables met on the way, in order.
func (g *globals) reached(start *uses) []reached {
	var all []reached
	add := func(r reached) {
		if !slices.ContainsFunc(all, func(o reached) bool { return o.Var == r.Var }) {
			all = append(all, r)
		}
	}
	seen := make(map[*types.Func]bool)
	for work := []*uses{start}; len(work) > 0; work = work[1:] {
		for _, v := range work[0].vars {
			if at := g.changesAt(v); at != "" {
				add(reached{nameFrom(g.pass.Pkg, v), at})
			}
		}
		for _, f := range work[0].funcs {
			if seen[f] {
				continue
			}
			seen[f] = true
			if body := g.bodies[f]; body != nil {
				work = append(work, body)
				continue
			}
			var fact reaches
			if f.Pkg() != g.pass.Pkg && g.pass.ImportObjectFact(f, &fact) && fact.Module == g.module {
				for _, r := range fact.Vars {
					add(r)
				}
			}
		}
	}
	return all
}

// changesAt says where v changes, "" if nothing is known to change it.
func (g *globals) changesAt(v *types.Var) string {
	if pos, ok := g.where[v]; ok {
		return g.at(pos)
	}
	var fact changes
	if v.Pkg() != g.pass.Pkg && g.pass.ImportObjectFact(v, &fact) && fact.Module == g.module {
		return fact.At
	}
	return ""
}

func (g *globals) at(pos token.Pos) string {
	p := g.pass.Fset.Position(pos)
	return fmt.Sprintf("%s:%d", filepath.Base(p.Filename), p.Line)
}

func nameFrom(p *types.Package, v *types.Var) string {
	if v.Pkg() == p {
		return v.Name()
	}
	return v.Pkg().Name() + "." + v.Name()
}

// export tells packages that import this one what they may reach: exported variables and functions, and all methods.
func (g *globals) export() {
	for v, pos := range g.where {
		if v.Pkg() == g.pass.Pkg && v.Exported() {
			g.pass.ExportObjectFact(v, &changes{g.module, g.at(pos)})
		}
	}
	for f, body := range g.bodies {
		if !f.Exported() {
			continue
		}
		if vars := g.reached(body); len(vars) > 0 {
			for i := range vars {
				if !strings.Contains(vars[i].Var, ".") {
					vars[i].Var = g.pass.Pkg.Name() + "." + vars[i].Var
				}
			}
			g.pass.ExportObjectFact(f, &reaches{g.module, vars})
		}
	}
}

// reportReached reports the changing package variables that a shipped function reaches.
func (c *checker) reportReached(arg ast.Expr, who string, start *uses) {
	for _, r := range c.globals.reached(start) {
		c.pass.Reportf(arg.Pos(), "%s reaches package variable %s, which changes at %s; executors see only its initial value: pass it with MapWith or a broadcast",
			who, r.Var, r.At)
	}
}
