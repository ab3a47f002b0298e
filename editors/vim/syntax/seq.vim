" Vim and Neovim syntax of .seq files: words, numbers, text. What a name is, the server tells.
if exists("b:current_syntax")
  finish
endif

syntax case match
syntax keyword seqInclude use
syntax keyword seqStructure network model block stage head
syntax keyword seqStatement aggregate by expect in input output replace require train where with
syntax keyword seqRepeat for
syntax keyword seqConditional if else
syntax keyword seqOperator and or not
syntax keyword seqSpecial it
syntax keyword seqBoolean true false
syntax keyword seqConstant none all sliding he glorot zero nearest bilinear

syntax match seqOperator "->\|→\|==\|!=\|<=\|>=\|+-\|[±×|<>=+*/%-]"
syntax match seqOperator "\%([0-9A-Za-z_)\]\"]\)\@1<=\s\+\zsx\ze\s*[0-9A-Za-z_(]"
syntax match seqNumber "\<[0-9]\+\%(\.[0-9]\+\)\?\%([eE][+-]\?[0-9]\+\)\?[KMGT]\?"
syntax match seqSize "\<[0-9]\+\%([x×][0-9]\+\)\+"
syntax match seqAttribute "?\?\.[A-Za-z_][A-Za-z0-9_]*"
syntax match seqLayer "\%(^\|[{;|]\)\@1<=\s*\zs\%(\%(use\|network\|model\|block\|stage\|head\|aggregate\|by\|expect\|in\|input\|output\|replace\|require\|train\|where\|with\|for\|if\|else\|and\|or\|not\|it\)\>\)\@![A-Za-z_][A-Za-z0-9_]*\>\%(\s*=[^=]\)\@!"
syntax match seqType ":\s*\zs[A-Za-z_][A-Za-z0-9_]*"
syntax region seqString start=+"+ end=+"+ oneline
syntax match seqComment "#.*$" contains=@Spell,seqDirective
syntax match seqDocumentation "##.*$" contains=@Spell
syntax match seqDirective "#\s*seqdsl:\s*allow([^)]*)" contained

highlight default link seqInclude Include
highlight default link seqStructure Structure
highlight default link seqStatement Statement
highlight default link seqRepeat Repeat
highlight default link seqConditional Conditional
highlight default link seqOperator Operator
highlight default link seqSpecial Special
highlight default link seqBoolean Boolean
highlight default link seqConstant Constant
highlight default link seqNumber Number
highlight default link seqSize Number
highlight default link seqAttribute Identifier
highlight default link seqLayer Function
highlight default link seqType Type
highlight default link seqString String
highlight default link seqComment Comment
highlight default link seqDocumentation SpecialComment
highlight default link seqDirective PreProc

let b:current_syntax = "seq"
