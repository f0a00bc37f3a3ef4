reset
set encoding utf8
set terminal svg size 720,340 font 'sans-serif,12' background 'white'
set border 3; set tics nomirror out
set grid y lc rgb '#dddddd' lt 1
set output 'injection.svg'
set title "Injected: 97 and 90 % of a capped rate"
set xlabel 'intervals, sorted'
set ylabel 'efficiency over its true value'
set key top left
plot 'injection.dat' using 1:($5 > 0 ? $3 : 1/0):(0):($4-$3) with vectors nohead lw 1 lc rgb '#9ec9e2' title 'contains it', \
  '' using 1:($5 > 0 ? 1/0 : $3):(0):($4-$3) with vectors nohead lw 2 lc rgb '#d55e00' title 'misses it', \
  '' using 1:2 with points pt 7 ps 0.2 lc rgb '#0072b2' notitle, \
  1 lc rgb '#000000' lw 1 notitle
