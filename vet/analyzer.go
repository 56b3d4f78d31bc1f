package vet

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
)

const kilnPath = "github.com/kilnproject/kiln"

// Analyzer reports functions, variables and types that cannot travel to executors. It passes on, as facts, which package
// variables change and which functions reach them.
var Analyzer = &analysis.Analyzer{
	Name:      "kiln",
	Doc:       "report functions and types that cannot travel to Kiln's executors",
	URL:       "https://pkg.go.dev/" + kilnPath + "/vet",
	Run:       run,
	FactTypes: []analysis.Fact{(*changes)(nil), (*reaches)(nil)},
}

// checker analyses one package.
type checker struct {
	pass     *analysis.Pass
	decls    map[*types.Func]*ast.FuncDecl // functions and methods of this package
	globals  *globals
	reported map[types.Type]bool // types that were reported once already
	codecs   map[types.Type]bool // types with a registered codec

	generic bool     // the declaration being checked has type parameters
	decl    ast.Decl // the declaration being checked
}

func run(pass *analysis.Pass) (any, error) {
	if standard(pass) || pass.Pkg.Path() == kilnPath || strings.HasPrefix(pass.Pkg.Path(), kilnPath+"/internal/") {
		return nil, nil
	}
	c := &checker{pass: pass, decls: declarations(pass), reported: make(map[types.Type]bool), codecs: make(map[types.Type]bool)}
	c.globals = findGlobals(pass, c.decls)
	c.globals.export()
	if !importsKiln(pass.Pkg) {
		return nil, nil
	}
	c.eachCall(c.findCodecs)
	c.eachCall(c.checkCall)
	return nil, nil
}

// standard reports whether the package belongs to the standard library, which has variables of its own but none of the user's.
func standard(pass *analysis.Pass) bool {
	first, _, _ := strings.Cut(pass.Pkg.Path(), "/")
	return !strings.Contains(first, ".") && (pass.Module == nil || pass.Module.Path == "" || pass.Module.Path == "std") && !importsKiln(pass.Pkg)
}

func importsKiln(p *types.Package) bool {
	for _, i := range p.Imports() {
		if i.Path() == kilnPath {
			return true
		}
	}
	return false
}

func declarations(pass *analysis.Pass) map[*types.Func]*ast.FuncDecl {
	all := make(map[*types.Func]*ast.FuncDecl)
	for _, file := range pass.Files {
		for _, d := range file.Decls {
			if d, ok := d.(*ast.FuncDecl); ok {
				if f, ok := pass.TypesInfo.Defs[d.Name].(*types.Func); ok {
					all[f] = d
				}
			}
		}
	}
	return all
}

// eachCall visits the calls of package kiln in the order of the source.
func (c *checker) eachCall(visit func(call *ast.CallExpr, f *types.Func)) {
	for _, file := range c.pass.Files {
		for _, d := range file.Decls {
			c.decl, c.generic = d, c.isGeneric(d)
			ast.Inspect(d, func(n ast.Node) bool {
				if call, ok := n.(*ast.CallExpr); ok {
					if f := c.callee(call); f != nil && f.Pkg() != nil && f.Pkg().Path() == kilnPath {
						visit(call, f)
					}
				}
				return true
			})
		}
	}
}

func (c *checker) isGeneric(d ast.Decl) bool {
	f, ok := d.(*ast.FuncDecl)
	if !ok {
		return false
	}
	object, ok := c.pass.TypesInfo.Defs[f.Name].(*types.Func)
	if !ok {
		return false
	}
	sig := object.Signature()
	return sig.TypeParams().Len() > 0 || sig.RecvTypeParams().Len() > 0
}

// callee gives the function or method that the call names, nil if it calls a value.
func (c *checker) callee(call *ast.CallExpr) *types.Func {
	f, _ := c.pass.TypesInfo.Uses[nameOf(call.Fun)].(*types.Func)
	return f
}

// nameOf gives the identifier at the heart of an expression that names a function, maybe qualified, maybe with type arguments.
func nameOf(e ast.Expr) *ast.Ident {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return e
	case *ast.SelectorExpr:
		return e.Sel
	case *ast.IndexExpr:
		return nameOf(e.X)
	case *ast.IndexListExpr:
		return nameOf(e.X)
	}
	return nil
}
