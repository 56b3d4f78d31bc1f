package vet

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"
)

// maxTrace bounds how far a function is followed from variable to variable.
const maxTrace = 4

// checkFunction checks the expression e, whose value becomes the function at arg, where mistakes are reported.
func (c *checker) checkFunction(arg, e ast.Expr, depth int) {
	e = ast.Unparen(e)
	if depth > maxTrace {
		return
	}
	info := c.pass.TypesInfo
	if info.Types[e].IsNil() {
		c.pass.Reportf(arg.Pos(), "function is nil")
		return
	}
	switch x := e.(type) {
	case *ast.FuncLit:
		c.checkLiteral(arg, x)
		return
	case *ast.CallExpr:
		if info.Types[x.Fun].IsType() && len(x.Args) == 1 {
			c.checkFunction(arg, x.Args[0], depth+1)
			return
		}
		c.checkMade(arg, x)
		return
	case *ast.SelectorExpr:
		if s := info.Selections[x]; s != nil && s.Kind() == types.MethodVal {
			c.pass.Reportf(arg.Pos(), "method value %s carries its receiver; pass the receiver with MapWith and write the method expression %s",
				types.ExprString(x), c.methodExpression(s))
			return
		}
	}
	switch object := info.Uses[nameOf(e)].(type) {
	case *types.Func:
		c.checkNamed(arg, e, object)
	case *types.Var:
		if init := c.initOf(object); init != nil {
			c.checkFunction(arg, init, depth+1)
		}
	}
}

func (c *checker) methodExpression(s *types.Selection) string {
	recv := types.TypeString(s.Obj().(*types.Func).Signature().Recv().Type(), types.RelativeTo(c.pass.Pkg))
	if strings.HasPrefix(recv, "*") {
		recv = "(" + recv + ")"
	}
	return recv + "." + s.Obj().Name()
}

func (c *checker) checkLiteral(arg ast.Expr, lit *ast.FuncLit) {
	if c.generic {
		c.pass.Reportf(arg.Pos(), "literal inside a generic function carries its type arguments; use a functor struct with MapFn")
		return
	}
	if names := captured(c.pass, lit); len(names) > 0 {
		c.pass.Reportf(arg.Pos(), "literal captures %s; pass %s with MapWith or a broadcast", strings.Join(names, ", "), them(names))
	}
	c.reportReached(arg, "literal", c.globals.usesOf(lit.Body))
}

// checkNamed checks a function, a method expression or an instance of a generic function.
func (c *checker) checkNamed(arg, e ast.Expr, f *types.Func) {
	if c.generic && c.dependsOnTypeParameter(e) {
		c.pass.Reportf(arg.Pos(), "%s inside a generic function carries its type arguments; use a functor struct with MapFn", types.ExprString(e))
		return
	}
	c.reportReached(arg, f.Name(), &uses{funcs: []*types.Func{f.Origin()}})
}

// dependsOnTypeParameter reports whether e is an instance, or a method expression, by a type parameter of the function around it.
func (c *checker) dependsOnTypeParameter(e ast.Expr) bool {
	args := c.pass.TypesInfo.Instances[nameOf(e)].TypeArgs
	for t := range args.Types() {
		if mentionsTypeParameter(t) {
			return true
		}
	}
	if s, ok := e.(*ast.SelectorExpr); ok {
		if s := c.pass.TypesInfo.Selections[s]; s != nil && s.Kind() == types.MethodExpr {
			return mentionsTypeParameter(s.Recv())
		}
	}
	return false
}

// checkMade checks a call that returns the function: a constructor of closures, if it belongs to this package.
func (c *checker) checkMade(arg ast.Expr, call *ast.CallExpr) {
	f := c.callee(call)
	if f == nil || c.decls[f.Origin()] == nil || c.decls[f.Origin()].Body == nil {
		return
	}
	maker := c.decls[f.Origin()]
	for _, lit := range returned(maker.Body) {
		if c.isGeneric(maker) {
			c.pass.Reportf(arg.Pos(), "%s returns a literal that carries its type arguments; use a functor struct with MapFn", f.Name())
			return
		}
		if names := captured(c.pass, lit); len(names) > 0 {
			c.pass.Reportf(arg.Pos(), "%s returns a literal that captures %s; pass %s with MapWith or a broadcast",
				f.Name(), strings.Join(names, ", "), them(names))
			return
		}
		c.reportReached(arg, "the literal that "+f.Name()+" returns", c.globals.usesOf(lit.Body))
	}
}

// returned gives the literals that a body returns itself.
func returned(body *ast.BlockStmt) []*ast.FuncLit {
	var all []*ast.FuncLit
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			for _, r := range n.Results {
				if lit, ok := ast.Unparen(r).(*ast.FuncLit); ok {
					all = append(all, lit)
				}
			}
		}
		return true
	})
	return all
}

// initOf gives the value of a local variable that is set exactly once, where it is declared, in the declaration being checked.
func (c *checker) initOf(v *types.Var) ast.Expr {
	var init ast.Expr
	times := 0
	set := func(names []ast.Expr, values []ast.Expr) {
		for i, name := range names {
			id, ok := ast.Unparen(name).(*ast.Ident)
			if !ok || c.pass.TypesInfo.ObjectOf(id) != v {
				continue
			}
			times++
			if init = nil; len(values) == len(names) {
				init = values[i]
			}
		}
	}
	ast.Inspect(c.decl, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			set(n.Lhs, n.Rhs)
		case *ast.ValueSpec:
			if len(n.Values) > 0 {
				names := make([]ast.Expr, len(n.Names))
				for i, name := range n.Names {
					names[i] = name
				}
				set(names, n.Values)
			}
		case *ast.UnaryExpr:
			if id, ok := ast.Unparen(n.X).(*ast.Ident); ok && n.Op == token.AND && c.pass.TypesInfo.Uses[id] == v {
				times = 2 // whoever has its address may set it
			}
		}
		return true
	})
	if times != 1 {
		return nil
	}
	return init
}

func them(names []string) string {
	if len(names) == 1 {
		return "it"
	}
	return "them"
}
